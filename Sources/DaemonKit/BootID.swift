import Glibc

/// Which boot of the machine this is.
public enum BootID {
    /// The kernel's identifier of this boot, as 32 lower-case hexadecimal digits without hyphens.
    ///
    /// The unit passes it as `STAMPD_BOOT_ID`, since its sandbox (`ProcSubset=pid`) hides the
    /// kernel's own file; without the unit the file is read.
    ///
    /// - Returns: nil when neither can be read or the value is malformed.
    public static func current() -> String? {
        (environmentValue("STAMPD_BOOT_ID") ?? kernelValue()).flatMap(normalised)
    }

    /// Takes both forms: systemd's `%b` has no hyphens, the kernel's file has them.
    static func normalised(_ text: String) -> String? {
        let digits = text.lowercased().filter { $0 != "-" && !$0.isWhitespace }
        guard digits.count == 32, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return nil
        }
        return digits
    }

    /// Source: random(4), `/proc/sys/kernel/random/boot_id`.
    private static func kernelValue() -> String? {
        guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 64)
        guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }
}
