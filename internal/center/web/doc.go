// Package web is the door people come through: sign-in with its second factor, the access portal with its
// access keys, what somebody signs in with and where, and the pages on which a person lets a client in
// (authorization code and device code).
//
// Package center mounts it. It decodes requests, asks the flow which page comes next, calls the rules
// (directory, mfa, grant, assignment) and draws HTML. It decides nothing itself and must not know how a
// password is checked, what makes an authorization request good, or who may use which account.
//
// Its pages are made on the server, in the language of who reads them (language.go), and load nothing but
// one stylesheet, one script and one icon of their own; passkeys and Copy need the script, the rest does
// not. Three things hold on every one of them:
//
//   - Every form names the browser's session in its CSRF token, so that a form shown to one person is
//     of no use to the next one who signs in (csrf.go).
//   - Text from outside (names of clients, accounts, people) passes through [visible] before it is
//     escaped (text.go).
//   - Every answer carries the headers of security.go, and no page can be cached.
package web
