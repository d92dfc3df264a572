package bench

// textsByLanguage are texts of twenty words, as customers write.
var textsByLanguage = map[string][]string{
	"en": {
		"The shoes are lovely and fit well, but the courier left them in the rain and nobody answers my mails.",
		"I was charged twice for order 48211 and the app says payment failed, please refund the second one today, thanks!",
		"Honestly the best kettle we ever had: quick, quiet, easy to clean, and cheaper here than in any shop nearby 😊",
	},
	"hi": {
		"कपड़ा बहुत अच्छा है और रंग भी वैसा ही है लेकिन डिलीवरी दस दिन देर से आई और फोन नहीं उठाया",
		"पैसे कट गए पर ऑर्डर नहीं बना, तीसरी बार लिख रहा हूँ, कोई जवाब नहीं देता, कृपया पैसे वापस करें 😡",
	},
	"hi-Latn": {
		"bhai phone to mast hai battery bhi badhiya chalti hai lekin charger do din me kharab ho gaya ab kya karu",
		"order kab aayega yaar, paanch din se shipped dikha raha hai aur customer care wale phone hi nahi uthate, bahut bekar",
	},
	"bn": {
		"শাড়িটা খুব সুন্দর আর কাপড়ও ভালো কিন্তু ডেলিভারি পেতে বারো দিন লেগেছে আর প্যাকেটটা একদম ছেঁড়া অবস্থায় এসেছে ভাই 😞",
		"দাম অনুযায়ী ঠিক আছে, তবে সাইজ একটু ছোট, বদলে দেওয়া যাবে কি না জানাবেন, আমি ঢাকায় থাকি, তাড়াতাড়ি দরকার ছিল",
	},
	"bn-Latn": {
		"apu jama ta onek sundor hoise kintu size ta ektu boro, change kora jabe ki na please taratari janaben amake ekhon",
		"taka kete nise kintu order confirm hoy nai, tin bar call dilam keu dhore na, eta ki dhoroner service bhai bolen",
	},
	"ne": {
		"सामान राम्रो छ तर डेलिभरी धेरै ढिलो भयो, फोन गर्दा कसैले उठाएन, अर्को पटक त छिटो पठाउनुहोस् है दाइ, धन्यवाद",
		"जुत्ताको साइज सानो भयो, साट्न मिल्छ कि मिल्दैन भन्नुहोस् न, मैले दुई हप्ता अघि काठमाडौंबाट किनेको हुँ, बिल पनि साथमै छ",
	},
	"ne-Latn": {
		"saman ramro cha tara delivery dherai dhilo bhayo, phone garda kasaile uthayena, arko patak chai chito pathaunu hola hai dai please",
		"yo jacket ko quality ekdam bekar raicha, photo ma arkai dekhaeko, malai paisa firta chahiyo, kahile samma aauncha bhanne thaha chaina",
	},
	"pt": {
		"O produto veio quebrado e a caixa toda amassada, quero meu dinheiro de volta e ninguém responde no chat há dias",
		"Chegou antes do prazo, bem embalado, e o tecido é ótimo pelo preço que paguei, vou comprar de novo 😍",
	},
	"es": {
		"El pedido llegó tarde pero la calidad es muy buena, aunque la talla queda un poco pequeña y quiero cambiarla pronto",
		"Me cobraron dos veces con la tarjeta y en atención al cliente nadie sabe nada, esto es una vergüenza, devuelvan ya!!!",
	},
	"other": {
		"Die Lieferung kam pünktlich an und alles war gut verpackt, nur die Farbe ist leider etwas dunkler als auf dem Bild",
		"Le colis est arrivé en retard et la boîte était abîmée, mais le vendeur a été très gentil et m'a remboursé",
	},
}
