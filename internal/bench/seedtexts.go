package bench

// What the customers of a Seed are called, and what they say: six languages, in
// the same order.

var seedNames = []struct{ first, last []string }{
	{[]string{"Rekha", "Arjun", "Meera", "Kabir", "Daniel", "Grace", "Nikhil", "Anita", "Tara", "Vikram"}, []string{"Sharma", "Okafor", "Iyer", "Mathew", "Khan", "Rao", "Patel", "Singh"}},
	{[]string{"सुनीता", "राहुल", "प्रिया", "अमित", "कविता", "दीपक", "नेहा", "संजय", "मीना", "रवि"}, []string{"शर्मा", "यादव", "गुप्ता", "वर्मा", "मिश्रा", "सिंह", "जोशी"}},
	{[]string{"রুমা", "অনির্বাণ", "শর্মিলা", "সৌরভ", "মৌসুমী", "দেবাশিস", "পূজা", "তন্ময়"}, []string{"সেনগুপ্ত", "চট্টোপাধ্যায়", "ঘোষ", "বিশ্বাস", "দাস", "রায়", "মুখার্জি"}},
	{[]string{"सबिना", "कमल", "सरिता", "विकास", "निशा", "प्रकाश", "गीता", "राजु"}, []string{"गुरुङ", "राई", "तामाङ", "श्रेष्ठ", "थापा", "कार्की", "लिम्बू"}},
	{[]string{"Beatriz", "João", "Larissa", "Rafael", "Camila", "Thiago", "Marina"}, []string{"Moura", "Silva", "Conceição", "Araújo", "Souza", "Ribeiro"}},
	{[]string{"Lucía", "Mateo", "Sofía", "Álvaro", "Martina", "Diego", "Inés"}, []string{"Ferrer", "García", "Núñez", "Rodríguez", "Peña", "Castro"}},
}

// seedTexts are bad, middling and good words.
var seedTexts = [][3][]string{
	{
		{"The payment failed twice and nobody answered.", "Arrived ten days late and the box was torn.", "The colour came off in the first wash."},
		{"It is all right, a little thinner than the picture.", "Good cloth, slow delivery."},
		{"The block print is gorgeous, and it came two days early.", "Soft, well packed, exactly as shown. Thank you!", "My mother loves it."},
	},
	{
		{"पेमेंट तीन बार फेल हुआ, पैसे कट गए लेकिन ऑर्डर नहीं दिख रहा।", "डिलीवरी में दस दिन लग गए।", "पहली धुलाई में ही रंग उतर गया।"},
		{"कुर्ता धोने के बाद थोड़ा सिकुड़ गया, पर रंग नहीं उतरा।", "ठीक है, कपड़ा थोड़ा पतला है।"},
		{"रंग बहुत सुंदर है, माँ को बहुत पसंद आया।", "कपड़ा मुलायम है और पैकिंग अच्छी थी।"},
	},
	{
		{"টাকা কেটে নিয়েছে কিন্তু অর্ডার হয়নি।", "শাড়িটা দশ দিন দেরিতে এসেছে।", "প্রথম ধোয়াতেই রং উঠে গেছে।"},
		{"মোটামুটি ভালো, ছবির চেয়ে একটু পাতলা।", "কাপড় ভালো, ডেলিভারি ধীর।"},
		{"শাড়িটার রং একদম ছবির মতোই, কাপড়ও খুব নরম। ধন্যবাদ!", "মায়ের খুব পছন্দ হয়েছে।"},
	},
	{
		{"पैसा काटियो तर अर्डर देखिएन।", "पसलमा भनेको मूल्य र यहाँको मूल्य मिलेन।", "एक पटक धुँदै रङ गयो।"},
		{"ठीकै छ, फोटोभन्दा अलि पातलो रहेछ।", "कपडा राम्रो, तर ढिलो आयो।"},
		{"सामान समयमै आइपुग्यो, प्याकिङ पनि राम्रो थियो।", "आमालाई धेरै मन पर्\u200dयो।"},
	},
	{
		{"A túnica veio menor do que o esperado, quero trocar.", "O pagamento falhou duas vezes.", "Chegou com dez dias de atraso."},
		{"É razoável, um pouco mais fino que na foto.", "Tecido bom, entrega lenta."},
		{"Tecido macio e cor linda, igual à foto.", "Chegou antes do prazo, adorei!"},
	},
	{
		{"El pago falló dos veces y nadie responde.", "Llegó diez días tarde.", "El color se fue en el primer lavado."},
		{"¿Hacen envíos a Canarias? No encuentro el precio.", "Está bien, algo más fino que en la foto."},
		{"El color es precioso y la tela muy suave.", "Llegó antes de lo previsto, ¡gracias!"},
	},
}

var (
	seedCities     = []string{"Jaipur", "Kolkata", "Siliguri", "Delhi", "Mumbai", "Chennai", "Kathmandu", "Dhaka", "São Paulo", "Madrid", "Bengaluru", "Pune"}
	seedThings     = []string{"Indigo dabu saree", "Kantha stole", "Ajrakh dupatta", "Block-print tablecloth", "Cotton kurta", "Brass diya", "Khadi towel", "Madder cushion"}
	seedCategories = []string{"sarees", "stoles", "stoles", "home textiles", "kurtas", "brassware", "home textiles", "gifts"}
	seedSearches   = []string{"saree", "indigo", "kantha", "शाड़ी", "শাড়ি", "kurta cotton", "gift", "brass lamp"}
	seedMissing    = []string{"silk tie", "leather bag", "जूते", "জুতো", "carpet", "wool shawl"}
	seedMethods    = []string{"upi", "card", "cash_on_delivery", "netbanking"}
	seedReasons    = []string{"timeout", "declined", "insufficient_funds", "cancelled"}
)
