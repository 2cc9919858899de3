package web

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// qrCode is a QR code as the path of an SVG image of Size by Size modules, margin included.
type qrCode struct {
	Size int
	Path string
}

// quiet is the margin that readers need (ISO/IEC 18004), in modules.
const quiet = 4

func newQRCode(text string) (qrCode, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return qrCode{}, err
	}
	var b strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	return qrCode{c.Size + 2*quiet, b.String()}, nil
}

// inFours makes a secret easier to type.
func inFours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// digitsOf drops what people and apps put between digits.
func digitsOf(code string) string {
	return strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code)
}
