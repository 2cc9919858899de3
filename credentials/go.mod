module keyfob/credentials

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.47.7
	keyfob v0.0.0
)

require (
	github.com/aws/smithy-go v1.28.8 // indirect
	github.com/gofrs/flock v0.13.1 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace keyfob => ../
