package console

import (
	"fmt"
	"image"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrPath is a QR code as the path of an SVG picture of so many units, the quiet
// border of four included.
func qrPath(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, err
	}
	const border = 4
	n := code.Bounds().Dx()
	var b strings.Builder
	for y := range n {
		for x := 0; x < n; x++ {
			run := x
			for run < n && isBlack(code, run, y) {
				run++
			}
			if run > x {
				writeRun(&b, x+border, y+border, run-x)
				x = run
			}
		}
	}
	return b.String(), n + 2*border, nil
}

// isBlack reports whether a module of a code is black.
func isBlack(code image.Image, x, y int) bool {
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}

// writeRun draws so many modules of a row as one rectangle.
func writeRun(b *strings.Builder, x, y, n int) {
	fmt.Fprintf(b, "M%d %dh%dv1h-%dz", x, y, n, n)
}
