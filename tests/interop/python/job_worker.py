"""A worker of Warren's jobs with pika and nothing else, one job at a time: RABBITMQ_URL=… job_worker.py KIND (docs/reference/wire.md, Jobs)."""
import json, os, queue, signal, sys, threading, time, uuid
import pika
from pika.exceptions import ChannelClosedByBroker, UnroutableError

KIND, SESSION, JOBS = sys.argv[1], str(uuid.uuid4()), f"warren.jobs.{sys.argv[1]}"
RETRY = {"error": 0, "timeout": 0, "crash": 3, "throttled": 9, "first_delay": 0.1, "max_delay": 60}
WORKER = {"name": f"python:{os.getpid()}", "slots": 1, "kinds": [{"kind": KIND, "retry": RETRY}]}
QUORUM = {"x-queue-type": "quorum", "x-delivery-limit": 20, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": JOBS + ".dead",
          "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
answers, deliveries, stopping, session = {}, [], threading.Event(), {"describe": True, "lease": 15.0}

class Job(threading.Thread):
    def __init__(self, ref, args, checkpoint):
        super().__init__(daemon=True)
        self.ref, self.args, self.first, self.seq, self.end, self.reports = ref, args, (checkpoint or {"step": 0})["step"], 0, None, queue.Queue()
        self.start()
    def report(self, type, **fields):
        self.seq += 1
        self.reports.put({"type": type, **self.ref, "seq": self.seq, **fields})
    def run(self):
        self.report("started")
        try: self.report("succeeded", result=self.work())
        except InterruptedError: self.report(self.end)
        except Exception as error:
            self.report("failed", code="python.error", message=f"{type(error).__name__}: {error}", cause="error")
    def work(self):
        for step in range(self.first, self.args["steps"]):
            time.sleep(self.args.get("pause", 0))
            if self.end:
                raise InterruptedError
            self.report("checkpoint", checkpoint={"step": step + 1}, progress=100 * (step + 1) / self.args["steps"])
        return {"text": self.args["text"][::-1], "from_step": self.first}

def declare(name, arguments):
    try: connection.channel().queue_declare(name, passive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != 404: raise
        connection.channel().queue_declare(name, durable=True, arguments=arguments)
def send(to, message, **properties):
    channel.basic_publish("", to, json.dumps({"session": SESSION, **message}), pika.BasicProperties(content_type="application/json", **properties), mandatory=True)
def ask(**question):  # until there is an answer: the same question again gets the same answer
    while True:
        number, patience = str(uuid.uuid4()), time.monotonic() + 5
        try:
            send("warren.claims", {**question, **({"worker": WORKER} if session["describe"] else {})},
                 reply_to="amq.rabbitmq.reply-to", correlation_id=number, expiration="5000")
        except UnroutableError: pass  # no coordinator was here yet
        while number not in answers and time.monotonic() < patience: connection.process_data_events(time_limit=0.05)
        if number in answers:
            session.update({name: answers[number][name] for name in ("describe", "lease")})
            return answers.pop(number)
def run(method, properties, body):
    ref = {"job": properties.message_id, "attempt": properties.headers["x-warren-attempt"]}
    grant = ask(claim=[ref])["claims"][0]
    channel.basic_ack(method.delivery_tag)  # whatever the answer is: from now on the lease holds the job, not the delivery
    if grant["answer"] not in ("granted", "yours"): return
    job, renewed = Job(ref, json.loads(body), grant.get("checkpoint")), time.monotonic()
    while job.is_alive() or not job.reports.empty():
        connection.process_data_events(time_limit=0.02)
        if stopping.is_set(): job.end = job.end or "released"
        if not job.reports.empty(): send("warren.fold", {"reports": [job.reports.get() for _ in range(job.reports.qsize())]}, delivery_mode=2)
        if time.monotonic() - renewed > session["lease"] / 3:
            reply, renewed = ask(renew=[ref]), time.monotonic()
            if ref["job"] in reply.get("cancel", []): job.end = "canceled"
            if ref["job"] in reply.get("lost", []): job.end = "lost"; return  # nothing that it says counts any more

signal.signal(signal.SIGTERM, lambda *_: stopping.set())
connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"]))
declare(JOBS + ".dead", {"x-queue-type": "quorum", "x-delivery-limit": 1000000})
declare(JOBS, QUORUM)
channel = connection.channel(); channel.confirm_delivery(); channel.basic_qos(prefetch_count=1)
channel.basic_consume("amq.rabbitmq.reply-to", lambda _c, _m, properties, body: answers.update({properties.correlation_id: json.loads(body)}), auto_ack=True)
ask(); print("ready", flush=True)
while not stopping.is_set():
    consumer, renewed = channel.basic_consume(JOBS, lambda _, *delivery: deliveries.append(delivery)), time.monotonic()
    while not deliveries and not stopping.is_set() and time.monotonic() - renewed < session["lease"] / 3: connection.process_data_events(time_limit=0.1)
    channel.basic_cancel(consumer)  # while a job runs here, the next one is for somebody who has time
    run(*deliveries.pop()) if deliveries else ask()
ask(bye=True)
