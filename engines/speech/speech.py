#!/usr/bin/python3
"""The offline engine of speech (docs/reference/process-engine.md): makes a transcript of a recording, and looks at how its words were said.

Needs Debian's python3-pocketsphinx and pocketsphinx-en-us; runs in /usr/bin/python3, which sees Debian's modules. One process does one job,
so that nothing a decoder has learned of one recording has a part in the next.

Args of a transcript:    {"task": "transcribe", "audio": FILE, "model": DIRECTORY, "stretches": [{"begin": S, "end": S}, ...]}
Result:                  {"words": [{"text", "begin", "end", "confidence"}, ...]}
Args of an alignment:    {"task": "align", ..., "stretches": [{"begin": S, "end": S, "words": [TEXT, ...]}, ...]}
Result:                  {"stretches": [null, or [null, or {"phones": [{"phone", "heard", "frames", "score", "gain"}, ...]}, ...], ...]}

FILE is a WAV of 16 kHz, mono, 16 bit; times are in seconds from its begin. Phones are those of the model's dictionary (ARPAbet). A word that the
dictionary does not have is null in an alignment, and so is a stretch that the words do not fit at all.
"""
import json
import os
import re
import signal
import sys
import tempfile
import threading
import wave

RATE = 16000
# The worker has looked for both before it asks, and says it in the same words.
LACKS = "The engine speech lacks"
INSTALL = "install it with `warren engines install speech`"
VARIANT = re.compile(r"\(\d+\)$")

# What learners are often heard to say instead. Vowels are left out: they differ between good speakers more than this model can tell.
INSTEAD = {
    "TH": ["S", "T", "F"], "DH": ["Z", "D"], "V": ["W"], "W": ["V"], "R": ["L", "W"], "L": ["R"], "P": ["B"], "B": ["P"],
    "F": ["P"], "CH": ["SH", "JH"], "JH": ["CH", "ZH"], "SH": ["S", "CH"], "ZH": ["SH", "JH"],
}

# Nothing but lines of the protocol may go to standard output; whatever prints by mistake goes to the log.
out, sys.stdout = sys.stdout, sys.stderr
saying = threading.Lock()


def say(**message):
    line = json.dumps(message, allow_nan=False) + "\n"
    with saying:
        out.write(line)
        out.flush()


class Failed(Exception):
    def __init__(self, code, message, cause):
        super().__init__(message)
        self.code = code
        self.cause = cause


def pocketsphinx():
    try:
        import pocketsphinx as module
        return module
    except ImportError as error:
        raise Failed("engine.missing", f"{LACKS} the Python module pocketsphinx (package python3-pocketsphinx): {INSTALL} ({sys.executable}: {error})", "invalid")


def config_for(model, dictionary):
    if not os.path.isdir(os.path.join(model, "en-us")):
        raise Failed("engine.missing", f"{LACKS} the English model of pocketsphinx (package pocketsphinx-en-us): {INSTALL} (looked for in {model})", "invalid")
    config = pocketsphinx().Decoder.default_config()
    config.set_string("-logfn", os.devnull)
    config.set_string("-hmm", os.path.join(model, "en-us"))
    config.set_string("-dict", dictionary)
    # With it frames are dropped, and the times of words are not those of the recording any more.
    config.set_boolean("-remove_silence", False)
    return config


class Recording:
    def __init__(self, path):
        with wave.open(path, "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                raise Failed("speech.invalid", f"{path} is not a WAV of {RATE} Hz, mono, 16 bit.", "invalid")
            self.bytes = file.readframes(file.getnframes())

    def part(self, begin, end):
        return self.bytes[2 * int(begin * RATE): 2 * int(end * RATE)]


def decode(decoder, samples):
    decoder.start_utt()
    decoder.process_raw(samples, False, True)
    decoder.end_utt()
    return list(decoder.seg()) if decoder.hyp() is not None else []


def transcribe(job, args):
    model = args["model"]
    config = config_for(model, os.path.join(model, "cmudict-en-us.dict"))
    config.set_string("-lm", os.path.join(model, "en-us.lm.bin"))
    decoder = pocketsphinx().Decoder(config)
    frames = config.get_int("-frate")
    recording = Recording(args["audio"])
    words = []
    for number, stretch in enumerate(args["stretches"]):
        begin = stretch["begin"]
        segments = decode(decoder, recording.part(begin, stretch["end"]))
        probability = decoder.get_logmath()
        # Some versions count frames on from one utterance to the next.
        first = segments[0].start_frame if segments else 0
        for segment in segments:
            if segment.word[0] in "<[(+":
                continue
            words.append({
                "text": VARIANT.sub("", segment.word),
                "begin": round(begin + (segment.start_frame - first) / frames, 3),
                "end": round(begin + (segment.end_frame - first + 1) / frames, 3),
                "confidence": round(min(1.0, max(0.0, probability.exp(segment.prob))), 4),
            })
        say(type="progress", id=job["id"], progress=10 + 60 * (number + 1) / len(args["stretches"]), message="Listening")
    return {"words": words}


def read_pronunciations(path, wanted):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            word, *phones = line.split()
            word = VARIANT.sub("", word)
            if word in wanted:
                found.setdefault(word, []).append(phones)
    return found


class Alignment:
    """Words as grammars of phones. Each place of a phone has a word of its own in the dictionary, so that what was found says where it stands."""

    def __init__(self, stretches, pronunciations):
        self.pronunciations = pronunciations
        self.entries = ["SIL SIL"]
        phones = sorted({phone for ways in pronunciations.values() for way in ways for phone in way} or {"AH"})
        self.entries += [f"any_{phone} {phone}" for phone in phones]
        self.anything = "( " + " | ".join(f"any_{phone}" for phone in phones) + " )+"
        for number, stretch in enumerate(stretches):
            for place, word in enumerate(stretch["words"]):
                for way, phones in enumerate(pronunciations.get(word, [])):
                    for index, phone in enumerate(phones):
                        for heard in [phone, *INSTEAD.get(phone, [])]:
                            self.entries.append(f"{self.token(number, place, way, index, heard)} {heard}")

    @staticmethod
    def token(*parts):
        return "_".join(["p", *map(str, parts)])

    def grammar(self, number, words, chosen=None):
        """As the dictionary says them, in any of its ways; or in the ways that were chosen, each phone also as what is heard instead."""
        sequence = []
        for place, word in enumerate(words):
            ways = []
            for way, phones in enumerate(self.pronunciations.get(word, [])):
                if chosen is None:
                    ways.append(" ".join(self.token(number, place, way, index, phone) for index, phone in enumerate(phones)))
                elif chosen.get(place) == way:
                    ways.append(" ".join(
                        "( " + " | ".join(self.token(number, place, way, index, heard) for heard in [phone, *INSTEAD.get(phone, [])]) + " )"
                        for index, phone in enumerate(phones)))
            sequence.append("( " + " | ".join(ways) + " )" if ways else self.anything)
        return "#JSGF V1.0;\ngrammar said;\npublic <said> = [ SIL ] " + " [ SIL ] ".join(sequence) + " [ SIL ] ;\n"

    @staticmethod
    def read(segments):
        """(place, way, index) -> (heard, frames, score)"""
        found = {}
        for segment in segments:
            parts = segment.word.split("_")
            if parts[0] == "p":
                _, _, place, way, index, heard = parts
                found[int(place), int(way), int(index)] = (heard, segment.end_frame - segment.start_frame + 1, segment.ascore)
        return found


def align(job, args):
    model = args["model"]
    stretches = args["stretches"]
    wanted = {word for stretch in stretches for word in stretch["words"]}
    alignment = Alignment(stretches, read_pronunciations(os.path.join(model, "cmudict-en-us.dict"), wanted))
    recording = Recording(args["audio"])
    with tempfile.TemporaryDirectory() as directory:
        dictionary = os.path.join(directory, "phones.dict")
        with open(dictionary, "w", encoding="utf-8") as file:
            file.write("\n".join(alignment.entries) + "\n")
        config = config_for(model, dictionary)
        # It learns as it goes, and two passes over the same sound must be alike to be compared.
        config.set_boolean("-remove_noise", False)
        config.set_boolean("-bestpath", False)
        config.set_float("-beam", 1e-80)
        config.set_float("-pbeam", 1e-80)
        config.set_float("-wbeam", 1e-60)
        decoder = pocketsphinx().Decoder(config)
    results = []
    for number, stretch in enumerate(stretches):
        results.append(align_stretch(decoder, alignment, number, stretch["words"], recording.part(stretch["begin"], stretch["end"])))
        say(type="progress", id=job["id"], progress=70 + 25 * (number + 1) / len(stretches), message="Aligning")
    return {"stretches": results}


def search(decoder, name, grammar):
    decoder.set_jsgf_string(name, grammar)
    decoder.set_search(name)


def align_stretch(decoder, alignment, number, words, samples):
    search(decoder, f"plain{number}", alignment.grammar(number, words))
    plain = alignment.read(decode(decoder, samples))
    chosen = {place: way for place, way, _ in plain}
    if not chosen:
        return None
    search(decoder, f"instead{number}", alignment.grammar(number, words, chosen))
    instead = alignment.read(decode(decoder, samples))
    result = []
    for place, word in enumerate(words):
        way = chosen.get(place)
        if way is None:
            result.append(None)
            continue
        phones = []
        for index, phone in enumerate(alignment.pronunciations[word][way]):
            heard, frames, score = plain.get((place, way, index), (phone, 1, 0))
            other, other_frames, other_score = instead.get((place, way, index), (phone, frames, score))
            phones.append({
                "phone": phone, "heard": other, "frames": frames, "score": round(score / frames, 3),
                "gain": round(other_score / other_frames - score / frames, 3),
            })
        result.append({"phones": phones})
    return result


def run(job):
    tasks = {"transcribe": transcribe, "align": align}
    args = job["args"]
    if args.get("task") not in tasks:
        raise Failed("speech.invalid", f"The task is {args.get('task')!r}; one of {', '.join(tasks)} was expected.", "invalid")
    return tasks[args["task"]](job, args)


def do(job):
    try:
        say(type="result", id=job["id"], result=run(job))
    except Failed as error:
        say(type="error", id=job["id"], code=error.code, message=str(error), cause=error.cause)
    except Exception as error:  # the job failed; whoever runs this process decides what comes next
        say(type="error", id=job["id"], message=f"{type(error).__name__}: {error}")


def main():
    # The decoder is one long call into C, which cannot be interrupted in between: leaving is the way to stop.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    say(type="ready", protocol=1)
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "cancel":
            say(type="stopped", id=message["id"])
            os._exit(0)
        elif message["type"] == "ping":
            say(type="pong")
        elif message["type"] == "job":
            threading.Thread(target=do, args=(message,), daemon=True).start()
    os._exit(0)  # the worker is gone, or has what it wanted


main()
