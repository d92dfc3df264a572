package table

import (
	"bufio"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// utf8Text reads a text of any usual encoding as UTF-8: UTF-8 or UTF-16 with a
// mark of byte order, UTF-16 without one, and else UTF-8 in which every byte
// that is not part of a character stands for itself in Windows-1252, as which
// old spreadsheets write. NUL, which no cell means, is dropped.
func utf8Text(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 4<<10)
	head, _ := b.Peek(512)
	switch order, wide := utf16Order(head); {
	case wide:
		return transform.NewReader(b, unicode.UTF16(order, unicode.UseBOM).NewDecoder())
	case len(head) >= 3 && string(head[:3]) == "\ufeff":
		b.Discard(3)
	}
	return transform.NewReader(b, mixed{})
}

// utf16Order tells UTF-16 by its mark, or by the zeros that ASCII has in it.
func utf16Order(head []byte) (unicode.Endianness, bool) {
	if len(head) < 2 {
		return unicode.LittleEndian, false
	}
	switch {
	case head[0] == 0xff && head[1] == 0xfe:
		return unicode.LittleEndian, true
	case head[0] == 0xfe && head[1] == 0xff:
		return unicode.BigEndian, true
	}
	var even, odd int
	for i, c := range head {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	half := len(head) / 2
	switch {
	case odd > half*3/4 && even == 0:
		return unicode.LittleEndian, true
	case even > half*3/4 && odd == 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// mixed turns UTF-8 with strays of Windows-1252 into UTF-8.
type mixed struct{ transform.NopResetter }

func (mixed) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		c, size := utf8.DecodeRune(src[nSrc:])
		if c == utf8.RuneError && size == 1 {
			if !atEOF && !utf8.FullRune(src[nSrc:]) {
				return nDst, nSrc, transform.ErrShortSrc
			}
			c = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if c == 0 {
			nSrc += size
			continue
		}
		if nDst+utf8.RuneLen(c) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], c)
		nSrc += size
	}
	return nDst, nSrc, nil
}
