package main

import "strings"

// trustText tells how systems and SDKs come to trust the CA in file.
func trustText(file, fingerprint string) string {
	name := "keyfob-center-lab"
	return strings.NewReplacer("CA.PEM", file, "NAME", name, "FINGERPRINT", fingerprint).Replace(`Clients trust the lab CA once they know CA.PEM. Copy that file, and
only that file, to them. Its SHA-256 fingerprint, to compare on the other side:
  FINGERPRINT

One setting in ~/.aws/config, per profile. AWS CLI v2, boto3, Go SDK:
  ca_bundle = CA.PEM
For browsers, the system has to trust it: see below.

Environment variables, by program:
  AWS CLI v2, boto3, Go SDK     export AWS_CA_BUNDLE='CA.PEM'
  Python requests, older boto   export REQUESTS_CA_BUNDLE='CA.PEM'
  JavaScript SDK (Node.js)      export NODE_EXTRA_CA_CERTS='CA.PEM'
  Go programs, on Linux         export SSL_CERT_FILE='CA.PEM'
  curl                          export CURL_CA_BUNDLE='CA.PEM'
AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE, SSL_CERT_FILE and CURL_CA_BUNDLE take the place of
the CAs that are trusted otherwise: where the same shell also talks to AWS itself, give
them a file that holds both, on Debian
  cat /etc/ssl/certs/ca-certificates.crt 'CA.PEM' > both.pem

Java SDK: a trust store of its own, or the JVM's.
  keytool -importcert -noprompt -alias NAME -file 'CA.PEM' -keystore trust.p12 -storetype PKCS12 -storepass changeit
  export JAVA_TOOL_OPTIONS='-Djavax.net.ssl.trustStore=trust.p12 -Djavax.net.ssl.trustStorePassword=changeit'

Debian, Ubuntu:
  sudo cp 'CA.PEM' /usr/local/share/ca-certificates/NAME.crt && sudo update-ca-certificates

Fedora, RHEL:
  sudo cp 'CA.PEM' /etc/pki/ca-trust/source/anchors/NAME.pem && sudo update-ca-trust

macOS:
  sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain 'CA.PEM'

Windows, as administrator:
  certutil -addstore -f Root "CA.PEM"

Firefox, and Chromium on Linux, have stores of their own: import the file in their settings,
"Authorities", for websites.
`)
}
