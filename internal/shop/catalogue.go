package shop

// product is something that the shop sells. Prices are rupees.
type product struct {
	id, name, category string
	price              int
}

var catalogue = []product{
	{"sar-01", "Tant cotton saree, indigo", "Sarees", 1850},
	{"sar-02", "Banarasi silk saree, maroon", "Sarees", 8900},
	{"sar-03", "Chanderi saree, sea green", "Sarees", 4200},
	{"sar-04", "Kantha stitched tussar saree", "Sarees", 6750},
	{"sar-05", "Jamdani saree, ivory", "Sarees", 5400},
	{"sto-01", "Pashmina stole, charcoal", "Stoles", 3900},
	{"sto-02", "Dhaka weave stole, red", "Stoles", 1450},
	{"sto-03", "Ikat cotton stole, blue", "Stoles", 990},
	{"sto-04", "Eri silk stole, natural", "Stoles", 2250},
	{"kur-01", "Block print kurta, blue", "Kurtas", 1290},
	{"kur-02", "Chikankari kurta, white", "Kurtas", 1990},
	{"kur-03", "Khadi short kurta, mustard", "Kurtas", 1150},
	{"kur-04", "Linen kurta, olive", "Kurtas", 1690},
	{"hom-01", "Kalamkari cushion cover, pair", "Home textiles", 890},
	{"hom-02", "Handwoven throw, rust", "Home textiles", 2490},
	{"hom-03", "Block print quilt, double", "Home textiles", 4590},
	{"hom-04", "Jute table runner", "Home textiles", 650},
	{"bra-01", "Brass oil lamp", "Brassware", 1350},
	{"bra-02", "Brass water pot, engraved", "Brassware", 2190},
	{"bra-03", "Dhokra elephant", "Brassware", 1750},
	{"gif-01", "Gift box: stole and incense", "Gifts", 1950},
	{"gif-02", "Terracotta tea set", "Gifts", 1590},
	{"gif-03", "Hand-bound notebook", "Gifts", 420},
	{"gif-04", "Madhubani greeting cards", "Gifts", 350},
}

var searches = []string{"blue saree", "cotton kurta xl", "wedding gift", "stole", "brass lamp", "silk saree under 5000", "pashmina", "cushion cover", "diwali gift", "white kurta"}

// failures are the ways in which a checkout fails: step, reason, method.
var failures = [][3]string{
	{"payment", "card declined", "card"}, {"payment", "upi timeout", "upi"}, {"payment", "bank page did not load", "netbanking"},
	{"shipping", "no delivery to this postal code", "upi"}, {"payment", "3-D Secure failed", "card"},
}

var methods = []string{"upi", "upi", "card", "netbanking", "cash on delivery"}
