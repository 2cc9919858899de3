// Package trust decides who may assume which role.
//
// The door of STS calls it, with a caller whose signature it has checked. Trust policies come from the
// store and are all there is: the center has no identity policies, so that a role that trusts a whole
// account can be assumed by everybody with credentials of that account. What is not trusted is denied,
// and whoever is denied does not learn whether the role exists. The package knows no HTTP and makes no
// credentials.
package trust
