package shop

// voice is a group of shoppers: where they live and what they write.
type voice struct {
	locale, country string
	weight          int // of the shoppers, percent
	cities, names   []string

	glad, flaw           []string // about the goods
	meh, late, pay, asks string
}

var voices = []voice{
	{
		locale: "en-IN", country: "IN", weight: 25,
		cities: []string{"Bengaluru", "Mumbai", "Chennai"},
		names:  []string{"Anita Rao", "Daniel Mathew", "Priya Nair", "Rohan Mehta", "Sara Thomas", "Vikram Iyer"},
		glad: []string{
			"The stole is even prettier than in the pictures. My mother has not taken it off since Sunday.",
			"Ordered on Monday, here on Thursday, packed beautifully. Will order again.",
			"Lovely weaving, you can feel that it is made by hand.",
		},
		flaw: []string{
			"Two loose threads and a small stain near the border. Not what I expect at this price.",
			"Runs very small. I usually wear M and could not get my arms in.",
		},
		meh:  "Nice cloth but the colour is a little darker than on my screen. Keeping it.",
		late: "Five days late and nobody answered my mails. It was meant for a wedding.",
		pay:  "My card was charged twice but the site says the payment failed. Please help!",
		asks: "Hi, does the blue kurta come in XL?",
	},
	{
		locale: "hi-IN", country: "IN", weight: 20,
		cities: []string{"Lucknow", "Jaipur", "Bhopal"},
		names:  []string{"Sunita Verma", "Rajesh Gupta", "Kavita Mishra", "Amit Tiwari", "Neha Sharma"},
		glad: []string{
			"साड़ी का कपड़ा बहुत मुलायम है और रंग बिल्कुल फोटो जैसा है।",
			"डिलीवरी समय पर हुई, पैकिंग भी बहुत अच्छी थी। धन्यवाद!",
			"माँ को दुपट्टा बहुत पसंद आया, अगली बार फिर यहीं से लूँगी।",
		},
		flaw: []string{
			"पहली धुलाई में ही रंग निकल गया, बहुत निराश हूँ।",
			"साइज़ बहुत छोटा निकला, कुर्ता कंधे पर फिट नहीं आता।",
		},
		meh:  "ठीक है, पर इस दाम में कढ़ाई थोड़ी और अच्छी हो सकती थी।",
		late: "दस दिन हो गए, अभी तक पार्सल नहीं आया। कोई फोन भी नहीं उठाता।",
		pay:  "पैसे कट गए लेकिन ऑर्डर नहीं हुआ, कृपया जल्दी देखिए।",
		asks: "क्या यह साड़ी लाल रंग में भी मिलेगी?",
	},
	{
		locale: "hi-Latn-IN", country: "IN", weight: 20,
		cities: []string{"Delhi", "Pune", "Indore"},
		names:  []string{"Pooja Singh", "Arjun Yadav", "Ritu Malhotra", "Karan Kapoor", "Simran Kaur"},
		glad: []string{
			"Saree ekdum mast hai, photo se bhi zyada sundar!",
			"Time pe delivery ho gayi aur packing bhi badhiya thi.",
			"Kapda bahut soft hai, paisa vasool.",
		},
		flaw: []string{
			"Ek baar dhoya aur rang chhoot gaya. Bilkul bekaar.",
			"Size chart galat hai, L mangaya tha par bahut tight hai.",
		},
		meh:  "Theek thaak hai, par rang thoda alag nikla.",
		late: "Ek hafta late aaya parcel, shaadi bhi nikal gayi.",
		pay:  "UPI se paise kat gaye par order confirm nahi hua, please check kijiye.",
		asks: "Ye kurta XL mein kab tak aayega?",
	},
	{
		locale: "bn-IN", country: "IN", weight: 15,
		cities: []string{"Kolkata", "Siliguri", "Shantiniketan"},
		names:  []string{"Mitali Sen", "Subrata Das", "Ananya Ghosh", "Tapan Roy", "Moushumi Dey"},
		glad: []string{
			"শাড়িটা হাতে পেয়ে মন ভরে গেল, বুননটা অসাধারণ।",
			"সময়মতো পৌঁছেছে, প্যাকিংও খুব সুন্দর ছিল।",
			"মায়ের জন্য নিয়েছিলাম, খুব খুশি হয়েছেন।",
		},
		flaw: []string{
			"আঁচলের কাছে সুতো ছেঁড়া ছিল, এটা আশা করিনি।",
			"পিতলের প্রদীপটা বাঁকা এসেছে, ফেরত দিতে চাই।",
		},
		meh:  "মোটামুটি ভালো, তবে দামের তুলনায় কাপড়টা একটু পাতলা।",
		late: "পুজোর আগে আসার কথা ছিল, এল পুজোর পরে। খুব খারাপ লাগল।",
		pay:  "টাকা কেটে নিয়েছে কিন্তু অর্ডার দেখাচ্ছে না, একটু দেখবেন?",
		asks: "এই স্টোলটা কি সবুজ রঙে পাওয়া যাবে?",
	},
	{
		locale: "ne-NP", country: "NP", weight: 7,
		cities: []string{"Kathmandu", "Pokhara"},
		names:  []string{"Sita Gurung", "Bikash Thapa", "Manisha Shrestha", "Prakash Adhikari"},
		glad: []string{
			"पछ्यौरा एकदम राम्रो लाग्यो, कपडा नरम छ।",
			"समयमै आइपुग्यो, प्याकिङ पनि राम्रो थियो।",
			"आमालाई साडी असाध्यै मन पर्\u200dयो, धन्यवाद!",
		},
		flaw: []string{
			"एकपटक धुँदा नै रङ गयो, साह्रै निराश भएँ।",
			"कुर्ता सानो भयो, साइज तालिका मिलेको छैन।",
		},
		meh:  "ठिकै छ, तर रङ फोटोमा जस्तो चम्किलो छैन।",
		late: "दुई हप्ता भयो, सामान अझै आइपुगेको छैन।",
		pay:  "पैसा काटियो तर अर्डर भएन, कृपया हेरिदिनुस्।",
		asks: "काठमाडौं पठाउन कति दिन लाग्छ?",
	},
	{
		locale: "pt-BR", country: "BR", weight: 8,
		cities: []string{"Recife", "São Paulo", "Curitiba"},
		names:  []string{"Juliana Alves", "Marcos Pereira", "Fernanda Lima", "Tiago Souza"},
		glad: []string{
			"Que tecido lindo! Chegou antes do prazo e muito bem embalado.",
			"A almofada ficou perfeita na sala, as cores são vivas como na foto.",
			"Presente para minha sogra, ela amou. Recomendo demais.",
		},
		flaw: []string{
			"Veio com um fio puxado e uma mancha na barra.",
			"O tamanho veio errado, pedi G e mandaram P.",
		},
		meh:  "Bonito, mas achei um pouco fino pelo preço.",
		late: "Atrasou quase duas semanas e o rastreio não atualizava. Péssimo.",
		pay:  "Meu cartão foi cobrado e o pedido sumiu, alguém pode me ajudar?",
		asks: "Vocês entregam em Recife? Quanto fica o frete?",
	},
	{
		locale: "es-ES", country: "ES", weight: 5,
		cities: []string{"Sevilla", "Madrid"},
		names:  []string{"Lucía Romero", "Javier Ortega", "Carmen Vidal"},
		glad: []string{
			"La estola es preciosa, mucho más bonita que en las fotos.",
			"Llegó rápido y muy bien envuelta. Volveré a comprar.",
			"Se nota que está hecha a mano, una maravilla.",
		},
		flaw: []string{
			"La lámpara de latón llegó abollada, quiero devolverla.",
			"La talla no corresponde, la M parece una S.",
		},
		meh:  "Está bien, aunque esperaba un azul más intenso.",
		late: "Me dijeron cinco días y tardó tres semanas. Nadie me dio una explicación.",
		pay:  "El pago falla siempre en el último paso, ya probé con dos tarjetas.",
		asks: "¿Tienen este kurta en talla XL?",
	},
}
