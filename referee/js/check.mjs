// What the referee asks of an SDK, with the AWS SDK for JavaScript: check.mjs VERB PROFILE [OPERATION INPUT]...
// Prints one JSON document. gosdk and boto3/check.py do the same.
import { createInterface } from "node:readline";
import * as oidc from "@aws-sdk/client-sso-oidc";
import * as sso from "@aws-sdk/client-sso";
import * as sts from "@aws-sdk/client-sts";
import { fromIni, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { fromSso } from "@aws-sdk/token-providers";

process.removeAllListeners("warning"); // about the version of Node
process.on("warning", () => {});

let profile, settings;
function use(name) {
  profile = name;
  if (profile) process.env.AWS_PROFILE = profile; // decides where the clients inside the providers call
  settings = { ...(profile && { profile }), region: "us-east-1" };
}
const [verb, first, ...rest] = process.argv.slice(2);
use(first);
const provider = () => (profile ? fromIni({ profile }) : fromNodeProviderChain()); // without one: what the environment says

// One call with an input as the service model spells it. STS takes its keys from the input.
async function oneCall(operation, text) {
  let input = JSON.parse(text);
  let client, service;
  if (operation === "GetCallerIdentity") {
    [service, client, input] = [sts, new sts.STSClient({ ...settings, credentials: input }), {}];
  } else if (["RegisterClient", "StartDeviceAuthorization", "CreateToken"].includes(operation)) {
    [service, client] = [oidc, new oidc.SSOOIDCClient(settings)];
  } else {
    [service, client] = [sso, new sso.SSOClient(settings)];
  }
  try {
    const { $metadata, ...answer } = await client.send(new service[operation + "Command"](input));
    return answer;
  } catch (e) {
    if (!e.$metadata?.httpStatusCode) throw e;
    const modelled = service[e.name] !== undefined && e instanceof service[e.name];
    return { error: { modelled, code: e.name, status: e.$metadata.httpStatusCode, requestId: e.$metadata.requestId ?? "" } };
  }
}

async function attempt(ask) {
  try {
    return { answer: await ask() };
  } catch (e) {
    return { error: `${e.name}: ${e.message}` };
  }
}

async function roles() {
  const { token: accessToken } = await fromSso({ profile })();
  const client = new sso.SSOClient(settings);
  const found = {};
  for await (const page of sso.paginateListAccounts({ client }, { accessToken })) {
    for (const { accountId } of page.accountList) {
      found[accountId] = [];
      for await (const p of sso.paginateListAccountRoles({ client }, { accessToken, accountId })) {
        found[accountId].push(...p.roleList.map((r) => r.roleName));
      }
    }
  }
  return found;
}

const verbs = {
  async credentials() {
    const c = await provider()();
    return { AccessKeyId: c.accessKeyId, SecretAccessKey: c.secretAccessKey, SessionToken: c.sessionToken };
  },

  async identity() {
    const client = new sts.STSClient({ ...settings, credentials: provider() });
    const { Account, Arn, UserId } = await client.send(new sts.GetCallerIdentityCommand({}));
    return { Account, Arn, UserId };
  },

  // All accounts, a page for each.
  async accounts() {
    const { token: accessToken } = await fromSso({ profile })();
    const pages = [];
    for await (const page of sso.paginateListAccounts({ client: new sso.SSOClient(settings), pageSize: 1 }, { accessToken })) {
      pages.push(page.accountList.map((a) => a.accountId));
    }
    return pages;
  },

  // For each line of the input, a profile: what there is for whoever is signed in by now, or what is in the way.
  async *sees() {
    for await (const line of createInterface({ input: process.stdin })) {
      use(line);
      yield { roles: await attempt(roles), identity: await attempt(verbs.identity) };
    }
  },

  async call(...args) {
    const answers = [];
    for (let i = 0; i < args.length; i += 2) answers.push(await oneCall(args[i], args[i + 1]));
    return answers;
  },
};

try {
  if (verb === "sees") {
    for await (const answer of verbs.sees()) console.log(JSON.stringify(answer));
  } else {
    console.log(JSON.stringify(await verbs[verb](...rest)));
  }
} catch (e) {
  console.error(`${e.name}: ${e.message}`);
  process.exitCode = 1;
}
