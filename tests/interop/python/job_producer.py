"""Hands in a job and waits for its end, with pika and nothing else: RABBITMQ_URL=… job_producer.py KIND ARGS (docs/reference/wire.md, Jobs)."""
import json, os, sys, time, uuid
import pika

connection = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URL"]))
channel, replies = connection.channel(), {}
channel.basic_consume("amq.rabbitmq.reply-to", lambda _c, _m, properties, body: replies.update({properties.correlation_id: json.loads(body)}), auto_ack=True)

def ask(to, **question):
    number = str(uuid.uuid4())
    channel.basic_publish("", to, json.dumps(question), pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id=number, expiration="10000"))
    while number not in replies: connection.process_data_events(time_limit=1)
    return replies.pop(number)

job = ask("warren.submit", kind=sys.argv[1], args=json.loads(sys.argv[2]), external_id=f"python-{os.getpid()}")
while "error" not in job and job["state"] not in ("succeeded", "failed", "canceled", "expired"):
    time.sleep(0.1)
    job = ask("warren.requests", op="get", id=job["id"])["job"]
print(json.dumps({"job": job, **(ask("warren.requests", op="result", id=job["id"]) if job.get("state") == "succeeded" else {})}))
