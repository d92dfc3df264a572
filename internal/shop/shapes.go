package shop

import "fmt"

// shapes draw what a product is, by the key of its article; each fills itself
// with the pattern "w" and the light "s". ink is the colour of borders.
var shapes = map[string]func(ink string) string{
	"saree": func(ink string) string {
		band := `<path d="M52 182 H188 V204 H52 Z" fill="` + ink + `" opacity=".92"/><path d="M52 178 H188" stroke="` + ink + `" stroke-width="2"/>`
		return filled("M60 52 H180 Q188 52 188 60 V204 H52 V60 Q52 52 60 52 Z") + band +
			`<path d="M188 60 Q188 52 180 52 H104 L188 168 Z" fill="` + ink + `" opacity=".24"/>` + border("M98 52 L188 176 M90 52 L188 187", ink) +
			`<path d="M52 90 Q120 98 188 90" fill="none" stroke="#000" stroke-opacity=".12" stroke-width="2"/>` + `<path d="M60 52 H180 Q188 52 188 60 V204 H52 V60 Q52 52 60 52 Z" fill="url(#s)"/>`
	},
	"stole":      hanging,
	"dupatta":    hanging,
	"throw":      folded,
	"quilt":      quilted,
	"kurta":      func(ink string) string { return shirt(196, ink) },
	"shortkurta": func(ink string) string { return shirt(164, ink) },
	"cushion": func(ink string) string {
		return filled("M54 62 Q120 50 186 62 Q198 128 186 196 Q120 208 54 196 Q42 128 54 62 Z") + border("M66 74 Q120 64 174 74 Q183 128 174 184 Q120 194 66 184 Q57 128 66 74 Z", ink)
	},
	"runner": func(ink string) string {
		return filled("M92 28 H148 V206 L120 220 L92 206 Z") + border("M98 34 V202 M142 34 V202", ink)
	},
	"tablecloth": quilted,
	"bedspread":  folded,
	"lamp": func(ink string) string {
		return filled("M56 134 Q120 176 184 134 Q172 190 132 194 V206 H156 V214 H84 V206 H108 V194 Q68 190 56 134 Z") +
			`<path d="M174 132 q10 -22 0 -42 q-12 22 0 42 Z" fill="#f0b52f"/><path d="M174 130 q4 -10 0 -20 q-5 10 0 20 Z" fill="#fff3c4"/>` + border("M60 140 Q120 182 180 140", ink)
	},
	"pot": func(ink string) string {
		return filled("M94 56 H146 L140 76 Q192 104 182 156 Q172 206 120 208 Q68 206 58 156 Q48 104 100 76 Z") + border("M98 76 H142 M62 140 Q120 160 178 140 M62 150 Q120 170 178 150", ink)
	},
	"elephant": func(ink string) string {
		return filled("M62 126 Q66 88 112 86 H150 Q188 88 190 124 V206 H168 V166 H120 V206 H96 V160 Q82 160 78 148 Q72 176 58 190 Q48 196 46 186 Q58 172 62 126 Z") +
			border("M112 96 q-22 6 -16 34 q20 4 24 -16 Z M128 92 h44 v26 h-44 Z", ink) + `<circle cx="76" cy="118" r="3.4" fill="#2a1c0a"/>`
	},
	"horse": func(ink string) string {
		return filled("M74 62 L90 44 L98 60 Q124 68 122 112 H168 Q188 118 188 140 L190 206 H170 L166 158 H124 L120 206 H100 L98 126 Q96 104 88 96 Q76 106 62 96 Z") +
			border("M126 116 h36 v24 h-36 Z M98 62 q12 24 12 52", ink) + `<circle cx="84" cy="74" r="3" fill="#2a1c0a"/>`
	},
	"bell": func(ink string) string {
		return `<path d="M120 24 V60" stroke="#8a6420" stroke-width="5"/>` + filled("M120 58 Q158 64 162 128 Q164 164 182 182 H58 Q76 164 78 128 Q82 64 120 58 Z") + border("M70 172 H170 M80 120 H160", ink) + `<circle cx="120" cy="194" r="11" fill="#8a6420"/>`
	},
	"bowl": func(ink string) string {
		return filled("M48 110 H192 Q188 186 136 194 V206 H104 V194 Q52 186 48 110 Z") + `<ellipse cx="120" cy="110" rx="72" ry="15" fill="#000" opacity=".25"/>` + border("M54 130 Q120 150 186 130", ink)
	},
	"tray": func(ink string) string {
		return `<ellipse cx="120" cy="132" rx="94" ry="74" fill="url(#w)"/><ellipse cx="120" cy="132" rx="94" ry="74" fill="url(#s)"/>` +
			fmt.Sprintf(`<ellipse cx="120" cy="132" rx="78" ry="60" fill="none" stroke="%s" stroke-width="3"/><ellipse cx="120" cy="132" rx="30" ry="22" fill="none" stroke="%s" stroke-width="2"/>`, ink, ink)
	},
	"giftbox": func(ink string) string {
		return filled("M52 104 H188 V206 H52 Z") + filled("M44 80 H196 V108 H44 Z") +
			fmt.Sprintf(`<path d="M108 80 H132 V206 H108 Z" fill="%s"/><path d="M120 80 q-42 -40 -44 -10 q4 16 44 10 q42 -40 44 -10 q-4 16 -44 10" fill="none" stroke="%s" stroke-width="8"/>`, ink, ink)
	},
	"teaset": func(ink string) string {
		return filled("M60 96 H140 Q144 176 100 178 Q56 176 60 96 Z") + border("M140 112 q30 0 26 24 q-4 18 -30 18", ink) + filled("M120 150 H188 Q190 206 154 208 Q118 206 120 150 Z") + border("M64 116 H136 M124 166 H184", ink)
	},
	"notebook": func(ink string) string {
		return `<path d="M70 44 H184 V210 H70 Z" fill="#efe4c9"/>` + filled("M58 38 H174 V204 H58 Z") + border("M74 38 V204 M160 38 V204", ink)
	},
	"cards": func(ink string) string {
		return `<g transform="rotate(-10 120 120)">` + filled("M70 60 H150 V180 H70 Z") + `</g><g transform="rotate(8 120 120)">` + filled("M92 62 H172 V182 H92 Z") + border("M100 70 H164 V174 H100 Z", ink) + `</g>`
	},
	"toy": func(ink string) string {
		return filled("M96 70 Q120 34 144 70 Q150 92 136 104 Q172 116 170 166 Q168 204 120 206 Q72 204 70 166 Q68 116 104 104 Q90 92 96 70 Z") + border("M76 140 H164 M74 156 H166 M98 104 H142", ink)
	},
	"coasters": func(ink string) string {
		ring := func(x, y int) string {
			return fmt.Sprintf(`<circle cx="%d" cy="%d" r="42" fill="url(#w)"/><circle cx="%d" cy="%d" r="42" fill="url(#s)"/><circle cx="%d" cy="%d" r="36" fill="none" stroke="%s" stroke-width="2"/>`, x, y, x, y, x, y, ink)
		}
		return ring(84, 92) + ring(158, 104) + ring(112, 164)
	},
}

// filled is a path in the pattern, with light on it.
func filled(d string) string {
	return fmt.Sprintf(`<path d="%s" fill="url(#w)"/><path d="%s" fill="url(#s)"/>`, d, d)
}

func border(d, ink string) string {
	return fmt.Sprintf(`<path d="%s" fill="none" stroke="%s" stroke-width="3"/>`, d, ink)
}

func hanging(ink string) string {
	fringe := ""
	for x := 76; x <= 120; x += 6 {
		fringe += fmt.Sprintf("M%d 196 v14 ", x)
	}
	for x := 126; x <= 168; x += 6 {
		fringe += fmt.Sprintf("M%d 176 v14 ", x)
	}
	return filled("M122 44 Q150 40 166 60 L170 176 H124 Z") + filled("M74 60 Q92 38 122 44 L122 196 H74 Z") + border("M75 186 H122 M125 166 H170", ink) +
		fmt.Sprintf(`<path d="%s" stroke="%s" stroke-width="2"/>`, fringe, ink)
}

func folded(ink string) string {
	return filled("M46 150 H194 V204 H46 Z") + filled("M52 104 H188 V150 H52 Z") + filled("M58 64 H182 V104 H58 Z") + border("M46 196 H194 M52 143 H188 M58 97 H182", ink)
}

func quilted(ink string) string {
	return filled("M44 52 H196 V204 H44 Z") + border("M54 62 H186 V194 H54 Z M64 72 H176 V184 H64 Z", ink)
}

func shirt(bottom int, ink string) string {
	return filled(fmt.Sprintf("M98 44 Q120 60 142 44 L176 60 L204 128 L180 138 L166 104 L172 %d H68 L74 104 L60 138 L36 128 L64 60 Z", bottom)) +
		border(fmt.Sprintf("M98 44 Q120 62 142 44 M120 56 V108 M70 %d H170", bottom-8), ink)
}
