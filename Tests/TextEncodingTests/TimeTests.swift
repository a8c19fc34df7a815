import Foundation
import Testing
import TextEncoding

@Suite struct TimeTests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000000000Z"),
        (0, 1, "1970-01-01T00:00:00.000000001Z"),
        (86_399, 999_999_999, "1970-01-01T23:59:59.999999999Z"),
        (951_782_400, 0, "2000-02-29T00:00:00.000000000Z"),  // a leap year although a century
        (951_868_800, 0, "2000-03-01T00:00:00.000000000Z"),
        (1_000_000_000, 5, "2001-09-09T01:46:40.000000005Z"),
        (1_709_164_800, 0, "2024-02-29T00:00:00.000000000Z"),
        (1_735_689_599, 0, "2024-12-31T23:59:59.000000000Z"),
        (2_147_483_647, 0, "2038-01-19T03:14:07.000000000Z"),  // the end of 32 bits
        (2_147_483_648, 0, "2038-01-19T03:14:08.000000000Z"),
        (4_107_542_399, 0, "2100-02-28T23:59:59.000000000Z"),  // a century that is no leap year
        (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
        (18_446_744_073, 709_551_615, "2554-07-21T23:34:33.709551615Z"),  // the end of 64 bits
    ])
    func knownInstants(_ seconds: UInt64, _ nanoseconds: UInt64, _ expected: String) {
        let time = UnixTime(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
        #expect(text { $0.append(rfc3339: time) } == expected)
    }

    @Test func everyDayUntil2550EqualsFoundations() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        // 17 days a step visit every month of every year, and every day of the month.
        for day in stride(from: 0, to: 211_000, by: 17) {
            let parts = calendar.dateComponents(
                [.year, .month, .day], from: Date(timeIntervalSince1970: Double(day) * 86_400))
            let expected = [parts.year ?? 0, parts.month ?? 0, parts.day ?? 0]
            let written = text { $0.append(rfc3339: UnixTime(nanoseconds: UInt64(day) * 86_400_000_000_000)) }
            #expect(written.prefix(10).split(separator: "-").map { Int($0) ?? -1 } == expected)
        }
    }
}
