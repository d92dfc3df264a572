package language

import "sync"

// "The product did not come" speaks of the delivery, and says nothing of the product, whose name is only that of what is waited for. The models learn words one
// by one and in pairs, and hear "product" in it; so these few ways to say it are known by their words.

const (
	absentCame  = 1 << iota // has not come, was not received
	absentGoods             // what was ordered, by no more than such a word
	absentFills             // may stand between these two
	absentAfter             // may follow them: as yet, and I want my money back
)

// absentWords are these of all forms of language together.
var absentWords = map[uint64]string{
	absentCame: `
		didnt get, did not get, didnt receive, did not receive, havent received, have not received, havent got, have not got, not received, never received, never got, never came, never arrived, never delivered, not delivered,
		not arrived, not come, didnt come, did not come, didnt arrive, did not arrive, hasnt come, hasnt arrived, has not come, has not arrived, wasnt delivered, was not delivered, not been delivered, yet to receive
		nao recebi, nunca recebi, nao recebemos, nao chegou, nunca chegou, nao chegaram, nao foi entregue, nunca foi entregue, nao veio, nao entregaram, nao entregou
		no recibi, no he recibido, nunca recibi, no llego, nunca llego, no me llego, nunca me llego, no ha llegado, no me ha llegado, no llega, no fue entregado, no me entregaron, no entregaron
		नहीं मिला, नही मिला, नहीं मिली, नही मिली, नहीं आया, नही आया, नहीं पहुंचा, नहीं पहुँचा, नही पहुंचा
		nahi mila, nahin mila, nhi mila, nai mila, nahi mili, nahi aaya, nahi aya, nhi aaya, nhi aya, nahi pahucha, nahi pahuncha, nahi pohcha
		পাইনি, পাই নি, আসেনি, আসে নি, পৌঁছায়নি, পেলাম না
		pai ni, paini, pai nai, ashe ni, asheni, ase ni, aseni, ashe nai, pelam na
		आएन, आएको छैन, पाइन, पाएको छैन, पाइएन, आइपुगेन, आइपुगेको छैन
		aayena, ayena, aaena, aaeko chaina, aayeko chaina, aayeko xaina, aako chaina, aako xaina, payena, paiena, paayena, pugena, aipugena`,
	absentGoods: `
		product, products, item, items, parcel, package, order, goods, produto, produtos, mercadoria, encomenda, pedido, producto, productos, articulo, paquete, saman, samaan, ponno,
		प्रोडक्ट, प्रॉडक्ट, सामान, उत्पाद, पार्सल, ऑर्डर, अर्डर, পণ্য, পণ্যটি, পণ্যটা, প্রোডাক্ট, প্রোডাক্টটি, প্রোডাক্টটা, প্রডাক্ট, পার্সেল, অর্ডার`,
	absentFills: `
		the, my, this, our, a, i ordered, i bought, still, yet, has, have, was, o, os, meu, meus, esse, este, ainda, ate agora, ate hoje, el, los, mi, mis, ese, todavia, aun, hasta ahora, que compre, que pedi, que comprei,
		abhi tak, ab tak, abhi, mujhe, muje, mera, humko, अभी तक, अब तक, अभी, मुझे, मेरा, এখনো, এখনও, আমি, আমার, ekhono, ami, amar, अझै, अझ, अहिलेसम्म, अहिले सम्म, मेरो, मैले, ajhai, ajha, ahile samma, mero, maile`,
	absentAfter: `
		yet, still, till, until, so far, even after, after, since, and, so, now, please, pls, ate, ainda, e, desde, depois, porque, por favor, quero, y, hasta, todavia, aun, despues, quiero, porque,
		abhi tak, ab tak, hai, h, aur, अभी तक, अब तक, है, और, এখনো, এখনও, ekhono, अझै, अहिलेसम्म, र, ajhai, ahile samma`,
}

var absentPhrases = sync.OnceValue(func() *lexicon {
	p := newLexicon(1 << 13)
	for cues, list := range absentWords {
		p.learnList(list, cues)
	}
	return p
})

// mostFills is how many words or phrases may stand between what was ordered and that it did not come.
const mostFills = 3

// absent are the passages of a text that say that what was ordered did not come, and no more of it: "not the product that I ordered" is none.
func (t *text) absent(out []passage) []passage {
	p := absentPhrases()
	for i := 0; i < len(t.tokens); i++ {
		first, end := p.cuesAt(t, i)
		first &= absentCame | absentGoods
		if first == 0 {
			continue
		}
		other := (absentCame | absentGoods) &^ first
		found, end := p.cuesAt(t, end)
		for fills := 0; fills < mostFills && found&other == 0 && found&absentFills != 0; fills++ {
			found, end = p.cuesAt(t, end)
		}
		if found&other != 0 && p.stops(t, end) {
			out = append(out, passage{i, end})
			i = end - 1
		}
	}
	return out
}

// stops reports whether nothing more is said of what was ordered.
func (p *lexicon) stops(t *text, i int) bool {
	if i == len(t.tokens) || t.tokens[i].kind != word || t.tokens[i].contrast {
		return true
	}
	after, _ := p.cuesAt(t, i)
	return after&absentAfter != 0
}
