package seed

import _ "embed"

//go:embed center.schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of the file. It knows every key that Parse does, and
// nothing about what refers to something else.
func Schema() string { return schema }
