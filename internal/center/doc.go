// Package center puts an Identity Center together: [New] takes what a center is made of and returns its
// HTTP handler. The command keyfob-center and package centertest call it.
//
// It has four words of its own:
//
//   - A door is where requests of one protocol come in: oidc, portal, sts, web, control. It decodes, calls
//     a rule and encodes. Doors never import doors, so no protocol can lean on another one's checks.
//   - The flow decides which page a browser sees next. Every page comes back to it, so none can be skipped.
//   - A grant is what a person's yes turned into: a family of tokens that is revoked as a whole. Package
//     grant is the only place where a code or a refresh token becomes tokens.
//   - The store remembers. Every method of it is one transaction; only package store's implementations know
//     SQL, and only rules call it.
//
// Between doors and the store are the rules: clients, grant, token, assignment, directory, rolecreds, audit.
// They know neither HTTP nor each other more than they must. This package knows all of them and decides
// nothing: what is here is the list of doors, and what every request goes through before it reaches one.
package center
