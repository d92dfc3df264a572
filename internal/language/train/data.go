package train

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/corpus"
	"github.com/dhvani/dhvani/internal/language/evaluate"
)

// Set is a public set of labelled texts from which a commercial product may learn.
type Set struct {
	Name, Task, Licence, Source string
}

// Sets are those that the base models learn from.
var Sets = []Set{
	{"hi_iitp_product", "sentiment", "MIT", "midas-research/hindi-nli-data"},
	{"hinglish_sentimix", "sentiment", "MIT", "NirantK/Hinglish"},
	{"bn_bprd_pharma", "sentiment", "MIT", "aminurrahmanashik/BRPD_resources"},
	{"intent_bitext", "intent", "CDLA-Sharing-1.0", "bitext customer support"},
	{"intent_banking77", "intent", "CC BY 4.0", "PolyAI-LDN"},
	{"intent_hint3_curekart", "intent", "ODbL 1.0", "hellohaptik/HINT3"},
}

// item is a text to learn from.
type item struct {
	corpus.Text
	set  string // empty for own texts
	from string // of a variant, the text that it was made of
}

// load reads the own texts, without those that are held out, and the public sets.
func load(own fs.FS, folder string) (texts, heldOut []item, err error) {
	all, err := corpus.Load(own)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range all {
		if t.HeldOut() {
			heldOut = append(heldOut, item{Text: t})
		} else {
			texts = append(texts, item{Text: t})
		}
	}
	for _, s := range Sets {
		f, err := os.Open(folder + "/" + s.Name + ".train.tsv.gz")
		if err != nil {
			return nil, nil, fmt.Errorf("the public set %s: %w", s.Name, err)
		}
		lines, err := evaluate.Read(f)
		f.Close()
		if err != nil {
			return nil, nil, fmt.Errorf("the public set %s: %w", s.Name, err)
		}
		for _, l := range lines {
			kind, label := "opinions", l.Label
			if s.Task == "intent" {
				kind, label = "messages", intentOf(s.Name, l.Label)
			}
			texts = append(texts, item{Text: corpus.Text{Language: l.Language, Label: label, Text: l.Text, Kind: kind}, set: s.Name})
		}
	}
	return texts, heldOut, nil
}

// intentOf translates a public set's label; empty where ours has no like of it.
func intentOf(set, label string) string {
	for intent, labels := range map[string]string{
		"track_order":        "track_order delivery_period ORDER_STATUS DELAY_IN_PARCEL card_arrival card_delivery_estimate",
		"cancel_order":       "cancel_order CANCEL_ORDER",
		"change_order":       "change_order change_shipping_address set_up_shipping_address MODIFY_ADDRESS",
		"return_exchange":    "REFUNDS_RETURNS_REPLACEMENTS",
		"refund_status":      "track_refund Refund_not_showing_up",
		"payment_failed":     "payment_issue declined_card_payment",
		"charged_twice":      "transaction_charged_twice",
		"invoice":            "check_invoice get_invoice",
		"product_question":   "ORIGINAL_PRODUCT EXPIRY_DATE SIDE_EFFECT",
		"availability":       "CHECK_PINCODE",
		"price_discount":     "OFFERS",
		"complaint":          "complaint",
		"human_agent":        "contact_human_agent contact_customer_service CALL_CENTER CHAT_WITH_AGENT",
		"account_login":      "recover_password registration_problems edit_account switch_account create_account passcode_forgotten",
		language.OtherIntent: "NO_NODES_DETECTED FRANCHISE WORK_FROM_HOME exchange_rate atm_support card_swallowed top_up_failed country_support fiat_currency_support transfer_timing receiving_money cash_withdrawal_charge wrong_exchange_rate_for_cash_withdrawal",
	} {
		if slices.Contains(strings.Fields(labels), label) {
			return intent
		}
	}
	return ""
}

// sampleOf turns a text into a sample without targets.
func sampleOf(task language.Task, text string) sample {
	s := sample{features: language.Features(task, text), weight: 1, fold: foldOf(text)}
	for i := range s.features {
		s.features[i] >>= 32 - task.Bits()
	}
	return s
}

// sample turns a text into a sample without targets. A variant is in the fold of the
// text that it was made of.
func (x *item) sample(task language.Task) sample {
	s := sampleOf(task, x.Text.Text)
	s.fold = x.fold()
	return s
}

func (x *item) fold() int { return foldOf(cmp.Or(x.from, x.Text.Text)) }

// foldOf is a text's fold, by its hash.
func foldOf(text string) int {
	h := fnv.New64a()
	io.WriteString(h, text)
	return int(h.Sum64() / 10 % folds) // the last digit tells what is held out
}

func one(task language.Task, label string) []float32 {
	out := make([]float32, task.Classes())
	out[slices.Index(task.Labels(), label)] = 1
	return out
}

// balance gives rare classes of each group more weight: with a power of 1 all
// classes of a group count alike.
func balance(samples []sample, groups []string, classes int, power float64) {
	counts := map[string][]float64{}
	for i := range samples {
		g := groups[i]
		if counts[g] == nil {
			counts[g] = make([]float64, classes)
		}
		counts[g][slices.Index(samples[i].targets, 1)]++
	}
	for i := range samples {
		of := counts[groups[i]]
		total, present := 0.0, 0.0
		for _, n := range of {
			total += n
			if n > 0 {
				present++
			}
		}
		samples[i].weight *= float32(math.Pow(total/present/of[slices.Index(samples[i].targets, 1)], power))
	}
}

// hasPublic are the languages of public sets of opinions. Own texts, of which more are
// hard, count less beside them.
var hasPublic = map[string]bool{"hi": true, "hi-Latn": true, "bn": true}

// sentimentSamples are opinions by how their writers feel.
func sentimentSamples(items []item) (out []sample) {
	var groups []string
	for _, x := range items {
		if x.Kind != "opinions" && x.Kind != moodKind {
			continue
		}
		s := x.sample(language.SentimentTask)
		s.targets = one(language.SentimentTask, x.Label)
		if x.set == "" {
			if s.weight = 1.2; hasPublic[x.Language] {
				s.weight = 0.4
			}
		}
		out, groups = append(out, s), append(groups, cmp.Or(x.set, x.Language))
	}
	balance(out, groups, 3, 0.5)
	return out
}

// topicSamples are own opinions by what they are about.
func topicSamples(items []item) (out []sample) {
	for _, x := range items {
		if x.Kind != "opinions" || x.set != "" {
			continue
		}
		s := x.sample(language.TopicTask)
		s.targets = make([]float32, language.TopicTask.Classes())
		for topic := range x.Topics {
			s.targets[slices.Index(language.Topics, topic)] = 1
		}
		out = append(out, s)
	}
	return out
}

// aspectSamples are the words around each topic of own opinions by the sentiment
// towards it, and, because there are more of them, whole opinions.
func aspectSamples(m *language.Model, items []item) (out []sample) {
	groups := []string{}
	put := func(s sample, label string, weight float32) {
		s.targets, s.weight = one(language.AspectTask, label), weight
		out, groups = append(out, s), append(groups, "")
	}
	for _, x := range items {
		if x.Kind != "opinions" || x.set != "" {
			continue
		}
		put(x.sample(language.AspectTask), x.Label, 0.5)
		for _, topic := range slices.Sorted(maps.Keys(x.Topics)) {
			hashes, amounts := m.Around(x.Text.Text, topic)
			for i := range hashes {
				hashes[i] >>= 32 - language.AspectTask.Bits()
			}
			put(sample{features: hashes, amounts: amounts, fold: x.fold()}, x.Topics[topic], 1)
		}
	}
	balance(out, groups, 3, 0.5)
	return out
}

// intentSamples are messages by what their writers want. Texts of public sets count
// less: there are many of a kind.
func intentSamples(items []item, public float32) (out []sample) {
	for _, x := range items {
		if x.Kind != "messages" || x.Label == "" || x.set != "" && public == 0 {
			continue
		}
		s := x.sample(language.IntentTask)
		s.targets = one(language.IntentTask, x.Label)
		if x.set != "" {
			s.weight = public
		}
		out = append(out, s)
	}
	return out
}

// careSamples are texts that a person must take, and all other own ones.
func careSamples(items []item) (out []sample) {
	for _, x := range items {
		if x.set != "" || x.Kind == "languages" || x.Kind == moodKind {
			continue
		}
		s := x.sample(language.CareTask)
		s.targets = make([]float32, len(language.Care))
		if x.Care != "" {
			s.targets[slices.Index(language.Care, x.Care)] = 1
		}
		out = append(out, s)
	}
	return out
}

// languageSamples are all texts by their language, whole and as a few words of them;
// of romanised ones whole alone, because a few of their words are often English.
func languageSamples(items []item) (out []sample) {
	var groups []string
	for n, x := range items {
		if x.from != "" || x.set != "" && n%4 != 0 { // there are more of them than of the others
			continue
		}
		words := strings.Fields(x.Text.Text)
		some := func(length int) string {
			at := n % max(len(words)-length, 1)
			return strings.Join(words[at:min(at+length, len(words))], " ")
		}
		parts := []string{x.Text.Text}
		if !strings.HasSuffix(x.Language, "-Latn") {
			parts = append(parts, some(4+n%3), some(1+n%3))
		}
		for i, text := range parts {
			part := item{Text: corpus.Text{Text: text}, from: x.Text.Text}
			s := part.sample(language.LanguageTask)
			s.targets = one(language.LanguageTask, x.Language)
			if s.weight = 1; i > 0 {
				s.weight = 0.7
			}
			if len(s.features) > 0 {
				out, groups = append(out, s), append(groups, "")
			}
		}
	}
	balance(out, groups, language.LanguageTask.Classes(), 0.5)
	return out
}
