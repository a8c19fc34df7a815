import Foundation
import TestSupport
import Testing
import TextEncoding

@Suite struct NumberTests {
    static let boundaries: [UInt64] =
        (0..<64).flatMap { bit in [(1 << bit) - 1, 1 << bit] }
        + (0..<20).flatMap { digits -> [UInt64] in
            let power = (0..<digits).reduce(UInt64(1)) { product, _ in product &* 10 }
            return [power - 1, power, power + 1]
        } + [.max - 1, .max]

    @Test(arguments: boundaries)
    func unsignedNumbersAreExact(_ value: UInt64) {
        #expect(text { $0.append(decimal: value) } == "\(value)")
    }

    @Test(arguments: [Int64.min, .min + 1, -10, -9, -1, 0, 1, 9, 10, .max])
    func signedNumbersAreExact(_ value: Int64) {
        #expect(text { $0.append(decimal: value) } == "\(value)")
    }

    @Test(arguments: [(0, 1, "0"), (7, 2, "07"), (42, 4, "0042"), (999_999_999, 9, "999999999")])
    func fixedWidthNumbersHaveLeadingZeros(_ value: UInt64, _ digits: Int, _ expected: String) {
        #expect(text { $0.append(decimal: value, digits: digits) } == expected)
    }

    @Test func hexadecimalIsLowerCaseAndTwoDigitsAByte() {
        #expect(text { unsafe $0.append(hex: hex("000fa5ff").span.bytes) } == "000fa5ff")
    }

    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64OfTheRFC(_ plain: String, _ encoded: String) {
        let bytes = Array(plain.utf8)
        #expect(text { unsafe $0.append(base64: bytes.span.bytes) } == encoded)
    }

    @Test func base64EqualsFoundations() {
        var random = SeededGenerator(seed: 7)
        for length in 0..<300 {
            let bytes = random.bytes(length)
            #expect(text { unsafe $0.append(base64: bytes.span.bytes) } == Data(bytes).base64EncodedString())
        }
    }
}
