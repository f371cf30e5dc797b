import Hummingbird

/// The display's page, the cashier's page, what they are made of, and the API's document.
///
/// All of it is in the program itself: there is no path to escape from and no file to go missing.
struct PageRoutes {
    private struct Asset: Sendable {
        let mediaType: String
        let bytes: [UInt8]
    }

    private static let html = "text/html; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
    private static let json = "application/json"

    private let display = Asset(mediaType: html, bytes: PackageResources.index_html)
    private let cashier = Asset(mediaType: html, bytes: PackageResources.cashier_html)
    private let document = Asset(
        mediaType: "application/yaml",
        bytes: PackageResources.openapi_yaml
    )
    private let assets: [String: Asset] = [
        "page.css": Asset(mediaType: "text/css; charset=utf-8", bytes: PackageResources.page_css),
        "common.js": Asset(mediaType: script, bytes: PackageResources.common_js),
        "display.js": Asset(mediaType: script, bytes: PackageResources.display_js),
        "cashier.js": Asset(mediaType: script, bytes: PackageResources.cashier_js),
        "why.js": Asset(mediaType: script, bytes: PackageResources.why_js),
        "rewards.js": Asset(mediaType: script, bytes: PackageResources.rewards_js),
        "icons.js": Asset(mediaType: script, bytes: PackageResources.icons_js),
        "sound.js": Asset(mediaType: script, bytes: PackageResources.sound_js),
        "icon.svg": Asset(mediaType: "image/svg+xml", bytes: PackageResources.icon_svg),
        "words.zh-Hant.json": Asset(
            mediaType: json,
            bytes: PackageResources.words_zh_Hant_json
        ),
        "words.en.json": Asset(mediaType: json, bytes: PackageResources.words_en_json),
    ]

    var all: [Route] {
        [
            .get("/") { _, _ in response(display) },
            .get("/cashier") { _, _ in response(cashier) },
            .get("/openapi.yaml") { _, _ in response(document) },
            .get("/assets/{name}") { _, context in
                guard let asset = assets[try context.segment("name")] else {
                    throw CounterProblem(.notFound, "no such asset")
                }
                return response(asset)
            },
        ]
    }

    private func response(_ asset: Asset) -> Response {
        Response(
            status: .ok,
            // Asked for anew after each start of a page: an update takes effect at once.
            headers: [.contentType: asset.mediaType, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: asset.bytes))
        )
    }
}
