// Package awsconfig reads and edits the files that every AWS tool shares: ~/.aws/config and
// ~/.aws/credentials, in the dialect of the AWS CLI.
//
// It owns the dialect (lines, sections, nested blocks, shell-quoted headers), what a profile and an
// sso-session add up to, which region and endpoint a call goes to, the start URL rules, and the
// in-place editor. The command line calls [Load] once and hands the results on; signin uses the pure
// half of start-URL resolution.
//
// It is pure logic: the environment and the files come in through [Env], and [Editor] maps bytes to
// bytes. It must not know the network, the token caches, how a file is written safely, or exit codes:
// errors carry data and the AWS CLI's own sentence, a table elsewhere gives them a code and advice.
//
// Where the AWS CLI gives up on a whole file (a repeated section or key, a byte order mark, a line it
// cannot read), this package reads on and says so in [Config.Warnings] with the line.
//
// # Endpoints of a session
//
// The AWS CLI knows endpoint overrides of profiles only. Two additions are ours, for the services a
// person signs in with (sso-oidc and sso, never STS), and come after everything the AWS CLI looks at:
//
//   - an [sso-session NAME] section may have `services` and `endpoint_url`, with the meaning they have
//     in a profile; it then holds for all profiles of that session;
//   - when only the session is known (login --sso-session NAME) and all profiles that use the session
//     are configured with one and the same endpoint, that one is used.
//
// Other tools ignore both. A key that is in a profile and in its session must have the same value in
// both, or those tools refuse the profile.
//
// A Config is read-only after Load and safe for concurrent use.
package awsconfig
