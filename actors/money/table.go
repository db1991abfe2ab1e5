package money

// listed is ISO 4217's list one as amended to July 2026, without funds, metals and tests: the codes by exponent.
var listed = [...]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK " +
		"DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT " +
		"LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN " +
		"QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS " +
		"VED VES WST XCD XCG YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
}

// withdrawn are codes of list three that events may have been priced in, by exponent, each with what took its place.
var withdrawn = [...]string{
	0: "BYR>BYN ROL>RON TRL>TRY",
	2: "ANG>XCG BGN>EUR CUC>CUP EEK>EUR GHC>GHS HRK>EUR LTL>EUR LVL>EUR MRO>MRU MZM>MZN SKK>EUR SLL>SLE STD>STN TMM>TMT VEB>VES VEF>VES " +
		"ZMK>ZMW ZWD>ZWG ZWL>ZWG ZWR>ZWG ZWN>ZWG",
}

// besides are the codes of list one that are no currency, with what they are.
var besides = map[string]string{
	"BOV": fund, "CHE": fund, "CHW": fund, "CLF": fund, "COU": fund, "MXV": fund, "USN": fund, "UYI": fund, "UYW": fund,
	"XAD": account, "XBA": account, "XBB": account, "XBC": account, "XBD": account, "XDR": account, "XSU": account, "XUA": account,
	"XAG": metal, "XAU": metal, "XPD": metal, "XPT": metal,
	"XTS": "is ISO 4217's code for tests", "XX" + "X": "is ISO 4217's code for no currency",
}

const (
	fund    = "is the code of a fund, and no money that people pay with"
	account = "is a unit of account, and no money that people pay with"
	metal   = "is the code of a metal, and no money that people pay with"
)

// mistaken are what people write who mean one of the listed.
var mistaken = map[string]string{
	"RMB": "CNY", "CNH": "CNY", "NTD": "TWD", "RUR": "RUB", "UKP": "GBP", "GBX": "GBP", "STG": "GBP", "EURO": "EUR", "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "YEN": "JPY",
	"US$": "USD", "SFR": "CHF", "FCFA": "XAF", "CFA": "XAF", "KSH": "KES", "IRS": "INR", "NIS": "ILS",
}
