import CEventABI
import EventModel
import ProcessTree
import Testing

@Suite struct MemoryTests {
    private let initial = Machine.image(1, 1)

    /// A build machine's day in a second: memory must follow living processes, not execs.
    @Test func shortProcessesLeaveNothing() {
        var machine = Machine()
        machine.seed(initial)
        func cycle(_ number: Int) {
            let shell = machine.exec(machine.fork(initial, pid: UInt32(10 + number % 30_000)).key, "/bin/sh")
            let child = machine.exec(
                machine.fork(shell.key, pid: UInt32(40_000 + number % 20_000)).key, "/usr/bin/cc")
            machine.exit(shell.key)
            machine.exit(child.key)
            machine.tree.collect(before: machine.now)
        }
        for number in 0..<2000 { cycle(number) }
        let bytes = machine.tree.heapBytes
        let images = machine.tree.retained
        for number in 2000..<100_000 { cycle(number) }
        #expect(machine.tree.retained == images)
        #expect(machine.tree.heapBytes <= bytes + bytes / 10)
        machine.settle()
        #expect(machine.tree.live == 1)
        #expect(machine.tree.retained == 0)
        #expect(machine.tree.find(initial)?.references == 0)
        #expect(machine.tree.unknown == 0)
    }

    /// Only the exec event tells 2 MiB of arguments: a user who runs many such must not fill the memory.
    @Test func livingProcessesKeepTheBeginningOfTheirArguments() {
        var machine = Machine()
        machine.seed(initial)
        let arguments = [UInt8](repeating: UInt8(ascii: "x"), count: 2 << 20)
        for pid in UInt32(2)..<100 {
            let process = machine.exec(machine.fork(initial, pid: pid).key, "/bin/sleep")
            process.update {
                $0.head.arguments_total = UInt32(arguments.count)
                $0.longArguments = arguments
                $0.environment = arguments
            }
            process.shorten()
            #expect(process.image.longArguments == Array(arguments.prefix(4096)))
            #expect(process.image.environment == nil)
        }
        #expect(machine.tree.heapBytes < 100 * (4096 + 2048))
    }

    @Test func aLongChainOfEndedAncestorsGoesAtOnce() {
        var machine = Machine()
        machine.seed(initial)
        var last = initial
        for pid in UInt32(2)..<100_000 {
            let next = machine.fork(last, pid: pid).key
            machine.exit(last)
            last = next
        }
        machine.settle()
        #expect(machine.tree.retained == 99_998)
        machine.exit(last)
        machine.settle()
        #expect(machine.tree.retained == 0)
        #expect(machine.tree.live == 0)
    }

    @Test func aReferenceFromOutsideDelaysRecycling() {
        var machine = Machine()
        machine.seed(initial)
        let child = machine.fork(initial, pid: 10)
        let key = child.key
        machine.tree.retain(child)
        machine.tree.retain(child)
        machine.exit(key)
        machine.settle()
        #expect(machine.tree.find(key) === child)
        machine.tree.release(child)
        #expect(machine.tree.find(key) === child)
        machine.tree.release(child)
        #expect(machine.tree.find(key) == nil)
        #expect(machine.tree.retained == 0)
    }

    @Test func aReferenceToALivingProcessChangesNothing() {
        var machine = Machine()
        machine.seed(initial)
        let child = machine.fork(initial, pid: 10)
        machine.tree.retain(child)
        machine.tree.release(child)
        #expect(machine.tree.find(child.key) === child)
        machine.exit(child.key)
        machine.settle()
        #expect(machine.tree.live == 1)
    }

    @Test func shrinkCutsEndedAncestorsAndCountsThem() {
        var machine = Machine()
        machine.seed(initial)
        var living: [secd_image] = []
        for pid in UInt32(10)..<1010 {
            let parent = machine.exec(machine.fork(initial, pid: pid).key, "/bin/parent")
            living.append(machine.fork(parent.key, pid: pid + 10_000).key)
            machine.exit(parent.key)
        }
        machine.settle()
        #expect(machine.tree.retained == 1000)
        let before = machine.tree.heapBytes
        #expect(machine.tree.shrink(to: before))
        #expect(machine.tree.retained == 1000)
        #expect(machine.tree.shrink(to: before * 3 / 4))
        #expect(machine.tree.heapBytes <= before * 3 / 4)
        #expect(machine.tree.evicted > 0 && machine.tree.evicted < 1000)
        #expect(machine.tree.retained == 1000 - Int(machine.tree.evicted))
        // Living processes are never dropped, whatever the budget.
        #expect(!machine.tree.shrink(to: 0))
        #expect(machine.tree.retained == 0)
        #expect(machine.tree.live == 1001)
        for image in living { machine.exit(image) }
        machine.settle()
        #expect(machine.tree.live == 1)
        #expect(machine.tree.find(initial)?.references == 0)
    }
}
