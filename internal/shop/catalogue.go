package shop

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

//go:embed data
var data embed.FS

// categories are the product groups, by the beginning of their products' ids.
var categories = map[string]string{
	"sar": "Sarees", "sto": "Stoles", "kur": "Kurtas", "hom": "Home textiles", "bra": "Brassware", "gif": "Gifts",
}

// product is something that the shop sells. Prices are rupees.
type product struct {
	id, category string
	price        int
	article      string // key of what it is, in words.tsv
	craft        string // key of how it is made, in words.tsv
	colour       string // key of its colour, in words.tsv; may be empty
	detail       string // key of a sentence about it, in words.tsv
	weight       float64
	english      string // name
}

var (
	words     = readWords()
	catalogue = readCatalogue()
	byID      = func() map[string]*product {
		m := map[string]*product{}
		for i := range catalogue {
			m[catalogue[i].id] = &catalogue[i]
		}
		return m
	}()
)

// Languages are those in which the catalogue is written.
var Languages = []string{"en", "hi", "bn", "ne", "pt-BR", "es"}

// readWords reads the parts of names and descriptions: kind, key, and one text
// for each language.
func readWords() map[string][]string {
	m := map[string][]string{}
	for _, f := range rows("data/words.tsv", 2+len(Languages)) {
		m[f[0]+" "+f[1]] = f[2:]
	}
	return m
}

// readCatalogue reads the products: id, price, article, craft, colour, detail.
// The first of a group sell best.
func readCatalogue() []product {
	var out []product
	for _, f := range rows("data/products.tsv", 6) {
		price, err := strconv.Atoi(f[1])
		if err != nil {
			panic(fmt.Sprintf("price of product %s: %v", f[0], err))
		}
		n, _ := strconv.Atoi(f[0][4:])
		p := product{id: f[0], category: f[0][:3], price: price, article: f[2], craft: f[3], colour: f[4], detail: f[5]}
		p.weight = groupWeights[p.category] / (float64(n) + 1.5)
		if p.id == bestseller {
			p.weight *= 2.5
		}
		for _, w := range [][2]string{{"article", p.article}, {"craft", p.craft}, {"about", p.craft}, {"detail", p.detail}} {
			if words[w[0]+" "+w[1]] == nil {
				panic(fmt.Sprintf("product %s needs the word %s %s", p.id, w[0], w[1]))
			}
		}
		if p.colour != "" && words["colour "+p.colour] == nil {
			panic(fmt.Sprintf("product %s needs the colour %s", p.id, p.colour))
		}
		p.english = p.Name("en")
		out = append(out, p)
	}
	return out
}

// groupWeights is how often each group is looked for.
var groupWeights = map[string]float64{"sar": 30, "sto": 26, "kur": 18, "hom": 12, "bra": 7, "gif": 7}

// rows reads a file of columns, which tabs separate. Lines that begin with # are
// comments. The files are part of the program, so what is wrong there is a panic.
func rows(name string, columns int) [][]string {
	text, err := data.ReadFile(name)
	if err != nil {
		panic(err)
	}
	var out [][]string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != columns {
			panic(fmt.Sprintf("%s: %d columns instead of %d: %s", name, len(f), columns, line))
		}
		out = append(out, f)
	}
	return out
}

// word returns a part in a language, English where it is unknown.
func word(kind, key, language string) string {
	w := words[kind+" "+key]
	if w == nil {
		return ""
	}
	for i, l := range Languages {
		if l == language {
			return w[i]
		}
	}
	return w[0]
}

// Name is the product's name in a language: the order of its parts differs.
func (p *product) Name(language string) string {
	article, craft, colour := word("article", p.article, language), word("craft", p.craft, language), word("colour", p.colour, language)
	switch language {
	case "pt-BR":
		return join(article, craft, prefixed("em ", colour))
	case "es":
		return join(article, craft, prefixed("en ", colour))
	case "hi", "bn", "ne":
		return join(craft, article) + prefixed(", ", colour)
	}
	name := join(colour, craft, article)
	return strings.ToUpper(name[:1]) + name[1:]
}

// Description says what it is, in a language.
func (p *product) Description(language string) string {
	return join(word("about", p.craft, language), word("detail", p.detail, language))
}

func join(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// priceAt is the price at a moment.
func (p *product) priceAt(m moment) int {
	if m.Scene == Price && p.id == bestseller {
		return p.price * (100 + rise) / 100
	}
	return p.price
}

func (p *product) properties(m moment) object {
	return object{}.str("product_id", p.id).str("name", p.english).str("category", categories[p.category]).num("price", p.priceAt(m)).
		str("currency", "INR").num("quantity", 1).str("image_url", picturePath+p.id+".svg")
}

// shelf is products to choose from, by their weights.
type shelf struct {
	products []*product
	upTo     []float64 // sum of the weights so far
}

// shelves are those of each group, and of all products under "".
var shelves = func() map[string]*shelf {
	m := map[string]*shelf{"": {}}
	for i := range catalogue {
		p := &catalogue[i]
		if m[p.category] == nil {
			m[p.category] = &shelf{}
		}
		for _, s := range []*shelf{m[""], m[p.category]} {
			sum := p.weight
			if n := len(s.upTo); n > 0 {
				sum += s.upTo[n-1]
			}
			s.products, s.upTo = append(s.products, p), append(s.upTo, sum)
		}
	}
	return m
}()

// draw picks a product of a group as shoppers do.
func draw(r random, group string) *product {
	s := shelves[group]
	i, _ := slices.BinarySearch(s.upTo, r.Float64()*s.upTo[len(s.upTo)-1])
	return s.products[i]
}

func popular(r random) *product { return draw(r, "") }

// alike picks one of the same group.
func alike(r random, it *product) *product { return draw(r, it.category) }

// beside picks what goes with another: a stole with a saree, or anything.
func beside(r random, it *product) *product {
	if it.category == "sar" && r.chance(.5) {
		return draw(r, "sto")
	}
	return popular(r)
}

// Groups are the product groups, as the ids of their products begin.
var Groups = []string{"sar", "sto", "kur", "hom", "bra", "gif"}

// Good is a product as a page shows it, in one language.
type Good struct {
	ID, Name, About, Picture string
	Price                    int // rupees
}

// Goods lists the products of a group.
func Goods(group, language string) (out []Good) {
	for i := range catalogue {
		if p := &catalogue[i]; p.category == group {
			out = append(out, Good{p.id, p.Name(language), p.Description(language), picturePath + p.id + ".svg", p.price})
		}
	}
	return out
}
