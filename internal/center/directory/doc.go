// Package directory owns people: their names, their passwords, and the sessions they sign in to.
//
// Doors (web), the flow and the commands that seed a center call it. It knows nothing of HTTP,
// cookies' attributes, OAuth or who may use which account.
//
// Sessions are its own, and not a session library's, because a session here is not a bag of values
// behind a cookie but the record that every token, code and audit line hangs off
// ([store.Session]): it is looked up by people, ended by administrators and bounds what clients hold.
package directory
