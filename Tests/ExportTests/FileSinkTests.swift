import AgentModel
import EventModel
import Export
import Glibc
import LinuxSystem
import Testing

@Suite struct FileSinkTests {
    let directory = TestDirectory()
    var path: String { directory.path + "/events.json" }

    private func sink(_ change: (inout FileSink.Configuration) -> Void = { _ in }) throws -> FileSink {
        var configuration = FileSink.Configuration(path: path)
        change(&configuration)
        return try FileSink(configuration, logger: quiet, gapLine: gapLine)
    }

    @Test func everyLineArrivesInOrder() throws {
        let sink = try sink()
        var spare = EventBatch()
        for number in 0..<10_000 {
            append(number, width: 0, to: &spare)
            if number % 100 == 99 { spare = sink.deliver(spare) }
        }
        sink.stop()
        #expect(numbers(path) == Array(0..<10_000))
        #expect(sink.status.events == 10_000)
        #expect(sink.status.bytes == UInt64(contents(path).count))
        #expect(sink.status.lost == 0)
        #expect(sink.status.state == "ok")
        #expect(try FileStatus(path: path).permissions == 0o600)
    }

    @Test func rotatesBySizeWithoutLosingOrSplittingALine() throws {
        let sink = try sink {
            $0.maxBytes = 10_000
            $0.maxBackups = 0
            $0.compress = false
        }
        for start in stride(from: 0, to: 1000, by: 37) {
            _ = sink.deliver(batch(start..<min(start + 37, 1000), width: 100))
        }
        sink.stop()
        let files = directory.files("events.json.") + [path]
        #expect(files.count == 10)
        #expect(files.allSatisfy { contents($0).count <= 10_000 })
        #expect(files.flatMap(numbers) == Array(0..<1000))
        #expect(sink.status.details["rotations"] == 9)
    }

    @Test func rotatesByTimeAlsoWhenNothingHappens() throws {
        let sink = try sink {
            $0.maxSeconds = 1
            $0.compress = false
        }
        _ = sink.deliver(batch(0..<5))
        #expect(eventually { sink.status.details["rotations"] == 1 })
        _ = sink.deliver(batch(5..<6))
        sink.stop()
        #expect(directory.files("events.json.").flatMap(numbers) == Array(0..<5))
        #expect(numbers(path) == [5])
    }

    @Test func compressesBackupsAndKeepsTheNewest() throws {
        let sink = try sink {
            $0.maxBytes = 10_000
            $0.maxBackups = 3
        }
        for start in stride(from: 0, to: 1000, by: 100) {
            _ = sink.deliver(batch(start..<start + 100, width: 100))
        }
        #expect(
            eventually {
                sink.status.details["rotations"] == 9 && directory.files("events.json.").count == 3
                    && directory.files().allSatisfy { $0.hasSuffix(".gz") || $0 == path }
            })
        sink.stop()
        var found: [Int] = []
        for file in directory.files("events.json.") {
            #expect(try FileStatus(path: file).permissions == 0o600)
            #expect(shell("gzip -dc \(file) > \(directory.path)/plain"))
            found += numbers(directory.path + "/plain")
        }
        #expect(found == Array(600..<900))
    }

    @Test func finishesWhatAKilledCompressorLeft() throws {
        let stamp = "\(path).20260102T030405.678Z"
        shell("printf '{\"n\":1}\\n' > \(stamp); printf half > \(stamp).gz.tmp; printf other > \(path).notes")
        let sink = try sink()
        #expect(eventually { sink.status.details["compressed"] == 1 })
        sink.stop()
        #expect(directory.files() == [path, "\(stamp).gz", "\(path).notes"])
        #expect(shell("gzip -t \(stamp).gz"))
    }

    @Test func reopensAfterAMove() throws {
        let sink = try sink()
        _ = sink.deliver(batch(0..<2))
        #expect(eventually { sink.status.events == 2 })
        shell("mv \(path) \(path).old")
        _ = sink.deliver(batch(2..<3))
        #expect(eventually { sink.status.events == 3 })
        sink.reopen()
        #expect(eventually { sink.status.details["reopened"] == 1 })
        _ = sink.deliver(batch(3..<5))
        sink.stop()
        #expect(numbers(path + ".old") == [0, 1, 2])
        #expect(numbers(path) == [3, 4])
    }

    @Test func reopenOfAnUnmovedFileChangesNothing() throws {
        let sink = try sink()
        _ = sink.deliver(batch(0..<2))
        sink.reopen()
        _ = sink.deliver(batch(2..<4))
        sink.stop()
        #expect(numbers(path) == [0, 1, 2, 3])
    }

    @Test(arguments: ["{\"n\":0}\n{\"n\":1}\n{\"n\":2,\"x", "{\"n\":0}\n{\"n\":1}\n"])
    func aPartialLastLineOfAKilledDaemonIsRemoved(_ left: String) throws {
        shell("printf '%s' '\(left)' > \(path)")
        let sink = try sink()
        _ = sink.deliver(batch(7..<8))
        sink.stop()
        #expect(numbers(path) == [0, 1, 7])
        #expect(sink.status.details["torn_lines"] == (left.hasSuffix("\n") ? 0 : 1))
    }

    @Test func aLongPartialLineIsFoundAcrossPieces() throws {
        shell("printf '{\"n\":0}\\n' > \(path); head -c 200000 /dev/zero | tr '\\0' x >> \(path)")
        let sink = try sink()
        sink.stop()
        #expect(numbers(path) == [0])
        #expect(contents(path).count == 8)
    }

    @Test func errorsSayWhatToDo() throws {
        func message(_ path: String) -> String {
            do throws(SinkError) {
                try FileSink(FileSink.Configuration(path: path), logger: quiet, gapLine: gapLine).stop()
                return ""
            } catch { return error.description }
        }
        #expect(
            message("\(directory.path)/a/b/events.json")
                == "cannot open \(directory.path)/a/b/events.json: No such file or directory; the directory does not exist: create it (mkdir -p -m 0750 \(directory.path)/a/b), or name another file with --export-file"
        )
        shell(
            "touch \(directory.path)/plain; ln -s plain \(directory.path)/link; mkfifo \(directory.path)/fifo"
        )
        #expect(message("\(directory.path)/link").contains("it is a symbolic link, which is refused"))
        #expect(message("\(directory.path)/fifo").contains("it is not a regular file"))
        #expect(
            message("\(directory.path)/plain/events.json").contains("takes the path of a file in a directory")
        )
        #expect(message(directory.path).contains("takes the path of a file in a directory"))
        let first = try sink()
        #expect(message(path).contains("another process is writing it, probably another secd"))
        first.stop()
        // One missing directory is made.
        #expect(message("\(directory.path)/new/events.json") == "")
        #expect(try FileStatus(path: directory.path + "/new").permissions == 0o750)
    }

    @Test(.enabled(if: isRoot, "mounting needs root")) func aReadOnlyDirectoryIsRefusedWithAdvice() throws {
        let disk = try #require(SmallDisk(bytes: 65536))
        shell("mount -o remount,ro \(disk.path)")
        #expect(throws: SinkError.self) {
            try FileSink(
                FileSink.Configuration(path: disk.path + "/events.json"), logger: quiet, gapLine: gapLine
            ).stop()
        }
    }

    @Test(.enabled(if: isRoot, "mounting needs root")) func aFullDiskCostsOnlyWhatOverflowsTheQueueAndSaysSo()
        throws
    {
        let disk = try #require(SmallDisk(bytes: 128 << 10))
        let path = disk.path + "/events.json"
        let sink = try FileSink(
            FileSink.Configuration(path: path, maxBytes: 0, queueBytes: 256 << 10), logger: quiet,
            gapLine: gapLine)
        shell("head -c 65536 /dev/zero > \(disk.path)/ballast")
        // Batches of 50 KB: the disk holds one and a part of the second, the queue some more.
        var delivered = 0
        while sink.status.lost == 0 {
            _ = sink.deliver(batch(delivered..<delivered + 500, width: 100))
            delivered += 500
            _ = eventually(0.02) { sink.status.state != "ok" }
        }
        #expect(eventually { sink.status.state.contains("No space left on device") })
        #expect(lines(path).last == "")
        #expect(lines(path).dropLast().allSatisfy { $0.utf8.count == 99 })
        let lost = sink.status.lost
        shell("mount -o remount,size=16m \(disk.path)")
        #expect(eventually { sink.status.state == "ok" && sink.status.queueBytes == 0 })
        _ = sink.deliver(batch(delivered..<delivered + 10, width: 100))
        sink.stop(drainSeconds: 30)
        let found = numbers(path)
        // Everything but the lost ones, in order, and one line in their place.
        let kept = delivered - Int(lost)
        #expect(found == Array(0..<kept) + [-Int(lost)] + Array(delivered..<delivered + 10))
        #expect(sink.status.lost == lost)
        #expect((sink.status.details["enospc"] ?? 0) >= 1)
        #expect(sink.status.details["short_writes"] == 1)
        #expect(sink.status.details["gaps"] == 1)
    }

    @Test(.enabled(if: isRoot, "mounting needs root")) func stoppingWhileTheDiskIsFullEndsAtTheDeadline()
        throws
    {
        let disk = try #require(SmallDisk(bytes: 16 << 10))
        let sink = try FileSink(
            FileSink.Configuration(path: disk.path + "/events.json", maxBytes: 0), logger: quiet,
            gapLine: gapLine)
        _ = sink.deliver(batch(0..<1000, width: 100))
        #expect(eventually { sink.status.state != "ok" })
        let before = MonotonicClock.now
        sink.stop(drainSeconds: 0.2)
        #expect(MonotonicClock.now - before < 5_000_000_000)
        #expect(sink.status.events + sink.status.lost == 1000)
        #expect(lines(disk.path + "/events.json").last == "")
    }

    @Test func aRemovedFileIsMadeAnew() throws {
        let sink = try sink()
        _ = sink.deliver(batch(0..<1))
        #expect(eventually { sink.status.events == 1 })
        shell("rm \(path)")
        // Looked after once a second, when something is written.
        #expect(
            eventually {
                _ = sink.deliver(batch(1..<2))
                return sink.status.details["reopened"] == 1
            })
        sink.stop()
        #expect(numbers(path).contains(1))
    }

    @Test func aQueueOverflowLeavesOneGapLine() throws {
        let sink = try sink { $0.queueBytes = 64 << 10 }
        // Faster than any disk for a moment: one producer, no pause.
        var delivered = 0
        while sink.status.lost == 0, delivered < 5_000_000 {
            _ = sink.deliver(batch(delivered..<delivered + 500, width: 100))
            delivered += 500
        }
        let lost = sink.status.lost
        sink.stop()
        let found = numbers(path)
        #expect(found.count { $0 < 0 } == (lost > 0 ? 1 : 0))
        #expect(found.reduce(0) { $0 + ($1 < 0 ? -$1 : 1) } == delivered)
    }
}
