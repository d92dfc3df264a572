package language

import (
	"strings"
	"sync"
)

// stopWords are words that say nothing by themselves, of all forms of language.
var stopWords = sync.OnceValue(func() map[uint64]bool {
	out := map[uint64]bool{}
	var t text
	for w := range strings.FieldsSeq(stopList) {
		t.fold(w)
		out[wordHash(t.runes)] = true
	}
	return out
})

const stopList = `
	a an the and or but if so as of at by for from in into on onto out over to up with about after before than then that this these those there here
	i im ive me my mine we us our ours you your yours u ur he him his she her hers it its they them their is am are was were be been being do does did done doing have has had having
	will would can could should shall may might must just very too also only even still again more most much many some any all each both few other such own same s t d ll re ve m
	what which who whom whose when where why how not no nor yes ok please pls hi hello dear sir madam mam got get gets go going one two
	o os as um uma uns umas e ou mas de do da dos das em no na nos nas por pelo pela pelos pelas para pra pro com sem que se ja eu tu ele ela nos eles elas voce voces vc vcs meu minha meus minhas
	seu sua seus suas me te lhe isso isto aquilo esse essa este esta aquele aquela foi era ser sao estou esta estao estava tem tinha ter tenho muito muita mais menos tambem so como quando onde porque pois ate ao aos la ai aqui nao sim e eh bem
	el la los las un una unos unas y o u pero de del al en por para con sin que se ya yo tu el ella nosotros ellos ellas usted ustedes mi mis tu tus su sus me te le les lo nos os
	esto eso esta este ese esa estos estas fue era ser son soy estoy estan estaba hay ha he han habia tiene tengo tener muy mas menos tambien solo como cuando donde porque pues hasta aqui alli no si bien
	का के की को से में पर ने है हैं था थी थे हो हुआ हुई हुए होता होती होते और या तो भी ही कि जो यह ये वह वो वे इस उस इन उन मैं मैंने मुझे मेरा मेरी मेरे हम हमें हमने हमारा हमारी आप आपका आपकी आपके आपने
	एक दो कर करके करने करना किया की गया गई गए रहा रही रहे लिए साथ तक अब जब तब क्या क्यों कैसे कौन कहाँ कब बहुत कुछ सब अपना अपनी अपने जी नहीं ना न मत बस फिर वाला वाली वाले दिया दी दे
	ka ke ki ko se me mein mai main par pe ne hai hain h tha thi the ho hua hui hue hota hoti hote aur ya to toh bhi hi ki jo ye yeh wo woh vo is us in un maine mujhe mera meri mere hum hume hamne humne hamara
	aap aapka aapki aapke aapne ek do kar karke karne karna kiya gaya gayi gaye raha rahi rahe liye sath saath tak ab jab tab kya kyu kyun kaise kaun bahut bohot bht kuch sab apna apni apne ji nahi nhi na mat bas fir phir wala wali wale diya di de bhai bhaiya
	এবং ও আর বা কিন্তু তবে যে যা যার এই ওই সেই এটা ওটা সেটা এ তা তার তাদের আমি আমার আমাকে আমরা আমাদের আপনি আপনার আপনাকে আপনারা আপনাদের তুমি তোমার সে তারা এক একটা একটি দুই কি কী কে না নি নাই নেই নয় হয় হয়েছে হয়েছে হয়ে হবে হলো হল ছিল আছে
	করে করা করেছি করেছে করতে করলাম করেন থেকে জন্য সাথে দিয়ে দিয়ে পর্যন্ত মধ্যে খুব অনেক সব কিছু ভাই আপু দাদা তো ই যদি কেন কখন কোথায় কত এখন গেছে গেল দেয় দিয়েছে নিয়ে
	ar ba kintu tobe je ja jar ei oi sei eta ota seta ta tar tader ami amar amake amra amader apni apnar apnake apnara apnader tumi tomar she tara ek ekta duita ki ke na ni nai nei noy hoy hoyeche hoise hobe holo chilo ache
	kore kora korechi korse korte korlam koren theke jonno sathe diye porjonto moddhe khub onek sob kichu bhai vai apu dada to jodi keno kokhon ekhon gese geche gelo dey diyeche niye er te
	र वा तर कि यो त्यो यी ती यस त्यस म मैले मलाई मेरो हामी हाम्रो हामीले तपाईं तपाईंको तपाईंले तिमी उसले उनी एक एउटा दुई को का की ले लाई मा बाट सँग देखि सम्म पनि नै त छ छन् छैन हो होइन थियो थिए भयो भएको भन्ने भनेर भने गर्ने गरेको गर्न गरे गर्नु
	गर्छ धेरै अलि सबै केही के किन कसरी कहाँ कहिले अहिले अब अनि हजुर दाइ दिदी जस्तो
	ra wa tara ki yo tyo yi ti yesko tesko ma maile malai mero hami hamro hamile tapai tapaiko tapaile timi usle uni ek euta dui ko ka le lai bata sanga dekhi samma pani nai ta cha chha xa chan chaina xaina ho hoina thiyo thyo bhayo vayo bhako bhanne bhanera vanera bhane
	garne gareko garna gare garnu garcha dherai ali sabai kehi k kina kasari ahile aba ani hajur dai didi jasto`
