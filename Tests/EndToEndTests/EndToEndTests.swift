import Testing

struct EndToEndTests {}
