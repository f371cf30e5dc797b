/// Devices whose USB number says nothing about what they are.
///
/// The number belongs to a chip: the same one is in printers, card terminals, and toys. Such a
/// device is a scanner only if the configuration says so. `udev/61-stampd.hwdb` leaves the same
/// numbers out.
enum GenericDevice {
    /// Serial bridges sold as parts.
    ///
    /// Source: the aliases of Linux's ch341, ftdi_sio, cp210x, and pl2303 drivers.
    static let bridges: Set<String> = [
        "1a86:5523", "1a86:7522", "1a86:7523", "1a86:55d4",
        "0403:6001", "0403:6010", "0403:6011", "0403:6014", "0403:6015",
        "10c4:ea60", "10c4:ea70", "10c4:ea71",
        "067b:2303", "067b:23a3", "067b:23c3",
    ]

    /// Vendors of microcontrollers, whose customers often keep the vendor's number.
    static let vendors: Set<String> = ["04b4", "28e9", "0416"]

    /// Whether a model may be adopted only by configuration.
    static func contains(_ model: ModelID) -> Bool {
        bridges.contains(model.description) || vendors.contains(model.vendorID)
    }
}
