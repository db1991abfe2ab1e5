package problem

// BadSignature is what a webhook hears that no payment processor of this server signed.
var BadSignature = define(400, "bad_signature", "No payment processor that is known here signed this")
