"use strict";
// @xapi/xapi talks to an LRS and tells what came of it: a JSON line for each thing done, judged by test_xapi_client.py.
// On its standard input: endpoint, version, adapter, and the secret of each credential by its name.

const { createHash, randomUUID } = require("node:crypto");
const { readFileSync } = require("node:fs");
const XAPI = require("@xapi/xapi");

const { endpoint, version, adapter, secrets } = JSON.parse(readFileSync(0, "utf8"));
const run = randomUUID();
const ada = { objectType: "Agent", name: "Ada", mbox: `mailto:ada-${run}@example.edu` };
const bob = { objectType: "Agent", account: { homePage: "https://lms.example.edu", name: run } };
const course = { objectType: "Activity", id: `https://lms.example.edu/course/${run}` };
const quiz = {
  objectType: "Activity",
  id: `https://lms.example.edu/quiz/${run}`,
  definition: { name: { en: "Quiz", de: "Prüfung" } },
};
const { PASSED, FAILED } = XAPI.Verbs;

const as = (name) => new XAPI({ endpoint, version, adapter, auth: XAPI.toBasicAuth(name, secrets[name]) });
const tell = (what, facts) => console.log(JSON.stringify({ what, ...facts }));
const ids = (answer) => answer.data.statements.map((one) => one.id);
const status = (promise) =>
  promise.then(
    (answer) => answer.status,
    (error) => (error.response ? error.response.status : JSON.parse(error.message).status), // axios, fetch
  );

async function statements() {
  const [writer, reader] = [as("writer"), as("reader")];
  const registration = randomUUID();
  const first = {
    id: randomUUID(),
    actor: ada,
    verb: PASSED,
    object: quiz,
    result: { score: { scaled: 0.9 }, duration: XAPI.calculateISO8601Duration(new Date(0), new Date(5_400_000)) },
    context: { registration, contextActivities: { parent: [course] } },
  };
  const sent = await writer.sendStatement({ statement: first });
  const again = await writer.sendStatement({ statement: first });
  const conflict = await status(writer.sendStatement({ statement: { ...first, verb: FAILED } }));
  const many = Array.from({ length: 5 }, () => ({ actor: bob, verb: FAILED, object: course }));
  const together = (await writer.sendStatements({ statements: many })).data;
  const found = (await reader.getStatement({ statementId: first.id })).data;
  const canonical = await reader.getStatement({ statementId: first.id, format: "canonical" });

  const pages = [];
  let page = await reader.getStatements({ agent: bob, limit: 2 });
  const consistent = page.headers["x-experience-api-consistent-through"];
  for (;;) {
    pages.push(ids(page));
    if (!page.data.more) break;
    page = await reader.getMoreStatements({ more: page.data.more });
  }
  const only = async (query) => JSON.stringify(ids(await reader.getStatements(query))) === JSON.stringify([first.id]);
  tell("statements", {
    sent: [sent.data, again.data].map((each) => each.length === 1 && each[0] === first.id),
    conflict,
    together: together.length,
    found: [found.actor.mbox === ada.mbox, found.verb.id, found.result.duration, found.authority.account.name],
    canonical: Object.keys(canonical.data.object.definition.name).length,
    versions: [found.version, canonical.headers["x-experience-api-version"]],
    consistent: Date.parse(consistent) >= Date.parse(found.stored),
    pages: pages.map((one) => one.length),
    order: JSON.stringify(pages.flat()) === JSON.stringify([...together].reverse()),
    by_agent: await only({ agent: ada }),
    by_verb: await only({ agent: ada, verb: PASSED.id }),
    by_registration: await only({ registration }),
    by_activity: await only({ activity: quiz.id }),
    by_related: await only({ agent: ada, activity: course.id, related_activities: true, ascending: true, limit: 6 }),
    none_since: ids(await reader.getStatements({ agent: ada, since: found.stored })),
  });
}

async function attachments() {
  if (adapter === "axios") return; // on Node.js it overwrites the Content-Type that the client gives a multipart body
  const [writer, reader] = [as("writer"), as("reader")];
  const content = Buffer.from("Ada Lovelace has passed, à la bonne heure.");
  const statement = {
    id: randomUUID(),
    actor: ada,
    verb: PASSED,
    object: course,
    attachments: [
      {
        usageType: XAPI.AttachmentUsages.CERTIFICATE_OF_COMPLETION,
        display: { en: "A certificate" },
        contentType: "text/plain",
        length: content.length,
        sha2: createHash("sha256").update(content).digest("hex"),
      },
    ],
  };
  const file = content.buffer.slice(content.byteOffset, content.byteOffset + content.length);
  const other = new TextEncoder().encode("other").buffer;
  const wrong = await status(writer.sendStatement({ statement, attachments: [other] }));
  const sent = await writer.sendStatement({ statement, attachments: [file] });
  const one = await reader.getStatement({ statementId: statement.id, attachments: true });
  const page = await reader.getStatements({ agent: ada, activity: course.id, attachments: true });
  tell("attachments", {
    wrong,
    sent: sent.data[0] === statement.id,
    one: [one.data[0].id === statement.id, one.data[1]],
    page: [page.data[0].statements.map((each) => each.id === statement.id), page.data[1]],
  });
}

async function voiding() {
  const [player, auditor] = [as("player"), as("auditor")];
  const [mistake] = (await player.sendStatement({ statement: { actor: bob, verb: PASSED, object: quiz } })).data;
  const [voider] = (await player.voidStatement({ actor: bob, statementId: mistake })).data;
  tell("voiding", {
    gone: await status(player.getStatement({ statementId: mistake })),
    kept: (await player.getVoidedStatement({ voidedStatementId: mistake })).data.id === mistake,
    voider_shown: ids(await auditor.getStatements({ agent: bob, verb: XAPI.Verbs.VOIDED.id })).includes(voider),
    voided_shown: ids(await auditor.getStatements({ agent: bob, verb: PASSED.id })).includes(mistake),
  });
}

async function state() {
  const player = as("player");
  const where = { agent: ada, activityId: course.id, stateId: "page" };
  const created = await player.createState({ ...where, state: { page: 3 } });
  const first = await player.getState(where);
  const tag = first.headers.etag;
  const set = await player.setState({ ...where, state: { page: 4 }, etag: tag, matchHeader: "If-Match" });
  const late = await status(player.setState({ ...where, state: { page: 5 }, etag: tag, matchHeader: "If-Match" }));
  await player.createState({ ...where, state: { line: 7 } });
  const merged = (await player.getState(where)).data;
  const apart = { ...where, registration: randomUUID() };
  await player.createState({ ...apart, state: { page: 1 } });
  const listed = (await player.getStates({ ...apart, stateId: undefined })).data;
  await player.deleteState(apart);
  const left = (await player.getStates(where)).data;
  await player.deleteStates({ agent: ada, activityId: course.id });
  tell("state", {
    answers: [created.status, set.status, late],
    type: first.headers["content-type"],
    first: first.data,
    merged,
    listed,
    left,
    cleared: [(await player.getStates(where)).data, await status(player.getState(where))],
    forbidden: await status(as("reader").getStates(where)),
  });
}

async function profiles() {
  const profiler = as("profiler");
  for (const [what, owner] of [
    ["Agent", { agent: ada }],
    ["Activity", { activityId: quiz.id }],
  ]) {
    const where = { ...owner, profileId: "likes" };
    const put = (profile, etag, matchHeader) => profiler[`set${what}Profile`]({ ...where, profile, etag, matchHeader });
    const get = () => profiler[`get${what}Profile`](where);
    const created = await put({ tea: 1 }, "*", "If-None-Match");
    const twice = await status(put({ tea: 2 }, "*", "If-None-Match"));
    const tag = (await get()).headers.etag;
    const changed = await put({ tea: 3 }, tag, "If-Match");
    const late = await status(put({ tea: 4 }, tag, "If-Match"));
    await profiler[`create${what}Profile`]({ ...where, profile: { milk: true } });
    const merged = await get();
    const listed = (await profiler[`get${what}Profiles`](owner)).data;
    const wrong = await status(profiler[`delete${what}Profile`]({ ...where, etag: tag }));
    const gone = await status(profiler[`delete${what}Profile`]({ ...where, etag: merged.headers.etag }));
    tell(`${what} profile`, {
      answers: [created.status, twice, changed.status, late, wrong, gone],
      merged: merged.data,
      listed,
      left: (await profiler[`get${what}Profiles`](owner)).data,
      forbidden: await status(as("player")[`get${what}Profiles`](owner)),
    });
  }
}

async function knowledge() {
  const taught = { ...quiz, definition: { name: { fr: "Contrôle" } } };
  await as("author").sendStatement({ statement: { actor: ada, verb: PASSED, object: taught } });
  const about = await as("writer").getAbout();
  const person = (await as("reader").getAgent({ agent: { mbox: ada.mbox } })).data;
  tell("knowledge", {
    about: about.data.version.includes(version),
    activity: (await as("reader").getActivity({ activityId: quiz.id })).data.definition.name,
    person: [person.objectType, person.name, person.mbox[0] === ada.mbox],
  });
}

async function scopes() {
  const mine = (await as("player").getStatements()).data.statements;
  tell("scopes", {
    writer_reads: await status(as("writer").getStatements()),
    reader_writes: await status(as("reader").sendStatement({ statement: { actor: ada, verb: PASSED, object: quiz } })),
    stranger: await status(as("nobody").getStatements()),
    boss_reads: await status(as("boss").getStatements({ limit: 1 })),
    mine: [...new Set(mine.map((one) => one.authority.account.name))],
  });
}

(async () => {
  for (const part of [statements, attachments, voiding, state, profiles, knowledge, scopes]) await part();
})().catch((error) => {
  console.error(error.stack, error.response ? error.response.data : "");
  process.exit(1);
});
