//go:build tools

// What go.mod is for.
package tools

import _ "github.com/summerwind/h2spec/cmd/h2spec"
