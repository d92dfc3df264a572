package language

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordClass is what a word does to those around it.
type wordClass uint8

const (
	negator wordClass = iota + 1
	contrast
)

// wordClasses are words by their hash as a feature.
var wordClasses = func() map[uint64]wordClass {
	out := map[uint64]wordClass{}
	for class, words := range map[wordClass]string{
		negator: `not no never none nothing nor cannot cant dont doesnt didnt wont wouldnt isnt wasnt arent werent havent hasnt hadnt couldnt shouldnt without hardly
			nao nunca nem nada jamais sem nenhum nenhuma
			jamas sin ni tampoco ningun ninguna
			नहीं नहि नही न ना मत बिना कभी
			nahi nahin nhi nai nahee mat bina
			না নয় নেই নাই নি নাহ কখনো ছাড়া
			nei noy nah
			छैन छैनन् भएन होइन हुँदैन थिएन नभएको बिना पाइन गरेन आएन
			chaina chhaina xaina hoina vayena bhayena bhaena thiena`,
		contrast: `but however although though yet except
			mas porem entretanto todavia contudo
			pero sino aunque embargo
			लेकिन मगर परन्तु किंतु
			lekin magar par
			কিন্তু তবে যদিও
			kintu tobe
			तर तैपनि
			tara tyaipani`,
	} {
		for _, w := range strings.Fields(words) {
			var t text
			t.fold(w)
			h := seeded(seedWord)
			for _, r := range t.runes {
				h = mix(h, uint64(plain(r)))
			}
			out[h] = class
		}
	}
	return out
}()

// plainLatin are the letters from U+00C0 to U+024F without their accents.
var plainLatin = func() (out [0x250 - 0xc0]rune) {
	for i := range out {
		r, _ := utf8.DecodeRuneInString(norm.NFD.String(string(rune(i + 0xc0))))
		out[i] = r
	}
	for from, to := range map[rune]rune{'ø': 'o', 'đ': 'd', 'ı': 'i', 'ł': 'l', 'ß': 's', 'æ': 'a', 'œ': 'o'} {
		out[from-0xc0] = to
	}
	return out
}()

// feelings are emoji by what they mostly say.
var feelings = func() map[rune]uint8 {
	out := map[rune]uint8{}
	for i, group := range []string{
		"😀😃😄😁😊🙂😺☺😇🤗😌🥰😍😘❤💖💕💗💓💝💞💙💚💛💜🧡🖤🤍♥🥳🎉🎊✨🌟⭐💯👍👌🙌👏💪🤩😋🙏🌹💐🌸🤝🏆🥇😎✅🔥🫶😻",
		"😡😠🤬👎😤💩🖕😒🙄😾🤮🤢👿☹😖😫😩😣❌🚫⛔🤦💔😭😢😞😔😟🙁😕😥😓😿😰😨🥺😪🥲😑",
		"😂🤣😆😅😹😜😝😛🤪😏🙃😉🤭🤡",
		"😐😶🤔🤨😬😯😮😲😳🤷🧐",
	} {
		for _, r := range group {
			out[r] = uint8(i + 1)
		}
	}
	return out
}()

func feelingOf(r rune) uint8 { return feelings[r] }
