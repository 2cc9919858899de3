// Package query is JMESPath, for --query: [Compile] reads an expression, and [Expression.Search] picks with it from
// a result.
//
// It owns the language, with the AWS CLI's answers and messages where they differ from the specification's; jmespath.org
// has both. Package cli calls it. It must not know where a value comes from or how it is printed. It is our own because
// github.com/jmespath/go-jmespath, which is in Go's map types, loses the order of members, and a query such as
// accountList[].{Name: accountName, Id: accountId} says in which order they are to be printed.
package query
