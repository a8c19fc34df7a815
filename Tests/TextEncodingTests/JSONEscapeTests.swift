import Foundation
import TestSupport
import Testing
import TextEncoding

/// Strings of JSON lines come from strangers: whatever they contain, the line must parse.
@Suite struct JSONEscapeTests {
    @Test(arguments: UInt8(0)...0x7f)
    func everyASCIIByteComesBack(_ byte: UInt8) throws {
        let json = jsonString([0x61, byte, 0x62])
        #expect(try parsed(json) as? String == String(decoding: [0x61, byte, 0x62], as: UTF8.self))
        #expect(json.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
    }

    @Test(arguments: [
        ("\"", #""\"""#), ("\\", #""\\""#), ("\n", #""\n""#), ("\r", #""\r""#), ("\t", #""\t""#),
        ("\0", #""\u0000""#), ("\u{8}", #""\u0008""#), ("\u{1b}[31m", #""\u001b[31m""#),
        ("\u{7f}", #""\u007f""#),
        ("/a/b", #""/a/b""#), ("<&>'", #""<&>'""#), ("", #""""#), ("äöü €", "\"äöü €\""), ("👩‍👩‍👧", "\"👩‍👩‍👧\""),
    ])
    func escapesAreTheShortestThatJSONHas(_ text: String, _ json: String) {
        #expect(jsonString(Array(text.utf8)) == json)
    }

    /// Examples of The Unicode Standard 15, tables 3-8 to 3-11: one U+FFFD per maximal subpart.
    @Test(arguments: [
        ("c0 af e0 80 bf f0 81 82 41", "????????A"),  // overlong
        ("ed a0 80 ed bf bf ed af 41", "????????A"),  // surrogates
        ("f4 91 92 93 ff 41 80 bf 42", "?????A??B"),  // beyond U+10FFFF, and stray bytes
        ("e1 80 e2 f0 91 92 f1 bf 41", "????A"),  // truncated sequences
        ("f0 9f 98", "?"), ("f0 9f", "?"), ("f0", "?"), ("e2 82", "?"), ("c3", "?"),  // cut at the end
        ("e0 9f 80", "???"), ("f0 8f bf bf", "????"), ("c1 bf", "??"),  // overlong by one
        ("ed 9f bf", "\u{d7ff}"), ("ee 80 80", "\u{e000}"), ("f4 8f bf bf", "\u{10ffff}"),  // last good ones
        ("f5 80 80 80", "????"), ("fe", "?"), ("80", "?"),
    ])
    func whatIsNotUTF8IsReplaced(_ bytes: String, _ expected: String) throws {
        let expected = expected.replacing("?", with: "\u{fffd}")
        #expect(jsonString(hex(bytes)) == "\"\(expected)\"")
        #expect(text { unsafe $0.append(repairing: hex(bytes).span.bytes) } == expected)
        #expect(unsafe UTF8Text.isValid(hex(bytes).span.bytes) == !expected.contains("\u{fffd}"))
    }

    @Test func everyScalarIsKept() {
        var scalars = String.UnicodeScalarView()
        for value in UInt32(0x80)...0x10ffff {
            if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
        }
        let all = String(scalars)
        #expect(jsonString(Array(all.utf8)) == "\"\(all)\"")
        #expect(unsafe UTF8Text.isValid(Array(all.utf8).span.bytes))
    }

    /// The standard library repairs by the same rule, with code of its own.
    @Test(arguments: 0..<20)
    func randomBytesReadAsTheStandardLibraryReadsThem(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for length in 0..<400 {
            let bytes = seed.isMultiple(of: 2) ? random.bytes(length) : random.text(length)
            let expected = String(decoding: bytes, as: UTF8.self)
            #expect(try parsed(jsonString(bytes)) as? String == expected)
            #expect(text { unsafe $0.append(repairing: bytes.span.bytes) } == expected)
            #expect(
                unsafe UTF8Text.isValid(bytes.span.bytes) == (String(validating: bytes, as: UTF8.self) != nil)
            )
        }
    }
}

@Suite struct JSONWriterTests {
    @Test func valuesAreSeparatedByTheWriter() throws {
        var json = JSONWriter()
        json.beginObject()
        json.key("empty")
        json.beginArray()
        json.endArray()
        json.key("list")
        json.beginArray()
        json.number(UInt64(1))
        json.beginObject()
        json.endObject()
        json.quoted(2)
        json.bool(false)
        json.endArray()
        unsafe json.key(utf8: Array("a\"b".utf8).span.bytes)
        json.string("c")
        json.key("last")
        json.number(Int64(-3))
        json.endObject()
        #expect(
            String(decoding: json.output.copyToArray(), as: UTF8.self)
                == #"{"empty":[],"list":[1,{},"2",false],"a\"b":"c","last":-3}"#)
    }

    @Test func afterRemoveAllNothingIsLeft() {
        var json = JSONWriter()
        json.number(UInt64(1))
        json.removeAll()
        json.number(UInt64(2))
        #expect(json.output.copyToArray() == Array("2".utf8))
    }

    @Test(arguments: [UInt64.min, 1, 1 << 53, .max])
    func quotedNumbersKeepAll64Bits(_ value: UInt64) throws {
        var json = JSONWriter()
        json.quoted(value)
        #expect(
            try parsed(String(decoding: json.output.copyToArray(), as: UTF8.self)) as? String == "\(value)")
    }
}
