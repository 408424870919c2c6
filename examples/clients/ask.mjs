// Asks the service for one answer, then tells what turned out to be true. Needs Node 18 or later, or a browser.
//   node ask.mjs http://127.0.0.1:8080 churn yes     (with MLWRIGHT_API_KEY where the service wants a key)
const [address, model, outcome] = process.argv.slice(2);
const key = process.env.MLWRIGHT_API_KEY;

async function ask(path, body) {
  const response = await fetch(`${address}/v1/models/${encodeURIComponent(model)}/${path}`, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) },
    body: body && JSON.stringify(body),
  });
  const told = await response.json();
  if (!response.ok) {
    // A problem (RFC 9457): `detail` is a sentence, `errors` name row, column and value.
    throw new Error(`${told.detail} ${told.hint ?? ""}`);
  }
  return told;
}

const { rows } = await ask("example");
const { predictions } = await ask("predict", { rows });
console.log(JSON.stringify(predictions[0]));
console.log(JSON.stringify(await ask("outcomes", { outcomes: [{ id: predictions[0].id, outcome }] })));
