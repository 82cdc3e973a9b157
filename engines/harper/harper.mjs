// Grammar and spelling of an English text, for Warren's process engine (docs/reference/process-engine.md).
//
// A job's args are {"text": "…"}; its result is {"lints": [{"start", "end", "text", "kind", "message", "suggestions"}]} in the order of their
// places. `start` and `end` (exclusive) count UTF-16 units, `kind` is Harper's, a suggestion "" means to leave the text out.
//
// Harper's default rules are used: with all of them switched on its WASM panics. A panic leaves its memory in an unknown state, so whatever it
// throws ends this process, and the worker starts another.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Dialect, LocalLinter, SuggestionKind } from "harper.js";
import { binary } from "harper.js/binary";
import nspell from "nspell";

const MOST_UNITS = 20_000; // Harper needs seconds for 40,000; what is graded is cut before it comes here
const MOST_LINTS = 500;
const MOST_CORRECTED = 60; // lints of one text after which the dictionary is not asked for candidates: it needs milliseconds for each
const LONGEST_WORD = 24; // candidates for a longer one take the dictionary seconds
const FUSED = new Set(
  "a all and any as at be case course day each every even fact far for front general in instead least less lot long many may more most much no of on one order other particular so some spite the though to too up well with".split(" "),
);

// Long and typical, with an error of most kinds: the first real text is slow, and this is it.
const WARM_UP = `Nowadays many people belives that technology have changed our lifes. For example, he go to school by an bus every day, and she don't
like it. In my opinion, the goverment should of done more for the childrens then it did. On the other hand, there is many reason to be optimistic.
The chart shows the percentage of households in three countries between 1990 and 2020. It have risen from 10% to 45%, which is more better.
Although the cost are high, but the benefits are more important. I look forward to hear from you. Its a pity that the the results was not good.
`.repeat(4);

const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const spelling = await Promise.all([dictionary("dictionary-en"), dictionary("dictionary-en-gb")]);
const corrected = new Map();
const linter = new LocalLinter({ binary, dialect: Dialect.American });
// Its answers are the protocol's alone; whatever a library prints goes to the log.
console.log = console.info = console.debug = console.error;
await linter.setup();
await check(WARM_UP);
say({ type: "ready", protocol: 1 });

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  if (line.trim() === "") continue;
  const message = JSON.parse(line);
  if (message.type === "ping") say({ type: "pong" });
  if (message.type === "job") await run(message);
}

async function run({ id, args }) {
  const text = args?.text;
  if (typeof text !== "string") {
    say({ type: "error", id, code: "harper.invalid_args", cause: "invalid", message: `args.text is ${typeof text}; a string was expected.` });
  } else if (text.length > MOST_UNITS) {
    say({
      type: "error", id, code: "harper.too_long", cause: "invalid",
      message: `args.text has ${text.length} UTF-16 units; at most ${MOST_UNITS} are checked.`,
    });
  } else {
    say({ type: "result", id, result: { lints: await check(text) } });
  }
}

async function check(text) {
  const found = [];
  // One word of thousands of letters makes Harper panic, and every word of another script costs it milliseconds. Blanks keep all positions.
  const harmless = text.replace(/\S{61,}|[^\P{L}\p{Script=Latin}]+/gu, (word) => " ".repeat(word.length));
  for (const lint of await linter.lint(harmless, { language: "plaintext" })) {
    const span = lint.span();
    const one = {
      start: span.start,
      end: span.end,
      text: lint.get_problem_text(),
      kind: lint.lint_kind(),
      message: lint.message(),
      suggestions: lint.suggestions().slice(0, 5).map((suggestion) => replacement(suggestion, lint)),
    };
    // WASM memory is not collected with the objects that point to it.
    span.free();
    lint.free();
    if (found.length < MOST_LINTS && isError(one, found.length < MOST_CORRECTED)) found.push(one);
  }
  return found.sort((left, right) => left.start - right.start || left.end - right.end);
}

function replacement(suggestion, lint) {
  const text = suggestion.get_replacement_text();
  const kind = suggestion.kind();
  suggestion.free();
  if (kind === SuggestionKind.Remove) return "";
  return kind === SuggestionKind.InsertAfter ? lint.get_problem_text() + text : text;
}

// British and American spellings are both right, and where Harper would split a word ("in formations") the dictionary may know better.
function isError(lint, mayCorrect) {
  const splits = lint.kind !== "Spelling" && !/\s/u.test(lint.text) && lint.suggestions.length > 0 && lint.suggestions.every((one) => /\s/u.test(one));
  if (lint.kind !== "Spelling" && !splits) return true;
  const word = lint.text.normalize("NFC").replaceAll("\u2019", "'");
  if (word.length <= LONGEST_WORD && spelling.some((known) => known.correct(word))) return false;
  if (word.length > LONGEST_WORD || !mayCorrect) return true;
  const words = candidates(word);
  if (splits) {
    // "alot" is two words; "wether" is not, whatever Harper says.
    if (lint.suggestions[0].split(/\s/u).every((part) => FUSED.has(part.toLowerCase())) || words.length === 0) return true;
    lint.kind = "Spelling";
    lint.message = "No dictionary has this word.";
    const singular = words.filter((candidate) => word === candidate + "s");
    lint.suggestions = singular.length > 0 ? singular : words.slice(0, 5);
    return true;
  }
  // What both propose is best; Harper alone may be far off.
  const both = lint.suggestions.filter((suggestion) => words.includes(suggestion));
  const rest = words.length > 0 ? words : lint.suggestions;
  lint.suggestions = [...new Set([...both, ...rest])].slice(0, 5);
  return true;
}

function candidates(word) {
  let words = corrected.get(word);
  if (words === undefined) {
    if (corrected.size >= 10_000) corrected.clear();
    words = spelling[0].suggest(word).slice(0, 8);
    corrected.set(word, words);
  }
  return words;
}

async function dictionary(name) {
  const file = (extension) => readFile(new URL(`./node_modules/${name}/index.${extension}`, import.meta.url));
  return nspell(await file("aff"), await file("dic"));
}
