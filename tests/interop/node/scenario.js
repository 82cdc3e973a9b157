'use strict';
// What the scenarios of all Node clients need: events out, commands in, an end in any case (see ../README.md).

const { createInterface } = require('node:readline');

const PATIENCE = 120_000;
const url = process.env.RABBITMQ_URL;
const emit = (event, fields = {}) => process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]();

/** The next line of the test. */
async function command() {
  const { value, done } = await lines.next();
  if (done) throw new Error('stdin ended; expected another command');
  return JSON.parse(value);
}

/** Asks until there is an answer. */
async function until(ask) {
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs the scenario the command line names; the process ends with 0, or with words. */
function start(scenarios) {
  const scenario = scenarios[process.argv[2]];
  if (!scenario) throw new Error(`expected one of ${Object.keys(scenarios)}, found ${process.argv.slice(2)}`);
  // No broker may keep it for ever.
  setTimeout(() => { throw new Error(`${process.argv[2]} was not done in ${PATIENCE / 1000} s`); }, PATIENCE).unref();
  scenario().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
}

module.exports = { url, emit, command, until, start };
