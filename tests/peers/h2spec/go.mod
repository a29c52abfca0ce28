module h2spec

go 1.17

require github.com/summerwind/h2spec v2.2.1+incompatible

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/spf13/pflag v1.0.5 // indirect
	golang.org/x/sys v0.14.0 // indirect
	golang.org/x/text v0.13.0 // indirect
)

// The newest of each that Go 1.19 takes, which Debian 12 has.
require (
	github.com/fatih/color v1.16.0 // indirect
	github.com/spf13/cobra v1.8.0 // indirect
	golang.org/x/net v0.17.0 // indirect
)
