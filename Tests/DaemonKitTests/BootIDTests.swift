import Testing

@testable import DaemonKit

struct BootIDTests {
    @Test(arguments: [
        ("6F1E2D3C-0000-4000-8000-0123456789ab\n", "6f1e2d3c0000400080000123456789ab"),
        ("6f1e2d3c0000400080000123456789ab", "6f1e2d3c0000400080000123456789ab"),
    ])
    func `the kernel's and systemd's forms are the same boot`(text: String, expected: String) {
        #expect(BootID.normalised(text) == expected)
    }

    @Test(arguments: [
        "", "6f1e", "6f1e2d3c0000400080000123456789ag", "６f1e2d3c0000400080000123456789a",
    ])
    func `anything else is no boot`(text: String) {
        #expect(BootID.normalised(text) == nil)
    }

    @Test func `this machine's boot can be read`() {
        #expect(BootID.current()?.count == 32)
    }
}
