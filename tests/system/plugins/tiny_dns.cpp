// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <protohost/plugin.hpp>

namespace {

using namespace std::string_view_literals;

enum Type : unsigned { a = 1, txt = 16 };
enum Code : std::uint8_t { no_error = 0, format_error = 1, no_such_name = 3 };

/// A number of two bytes, the higher one first. Throws std::out_of_range where there is none.
unsigned number_at(const std::string& message, std::size_t at) {
    const unsigned high = static_cast<unsigned char>(message.at(at));
    return high << 8 | static_cast<unsigned char>(message.at(at + 1));
}

/// The one question of a query.
struct Question {
    std::string name;  ///< "tiny.test."
    unsigned type;
    std::size_t end;  ///< of the question in the message

    /// Throws std::out_of_range where the message is too short.
    explicit Question(const std::string& message) {
        std::size_t at = 12;
        while (const auto size = static_cast<unsigned char>(message.at(at++))) {
            name += message.substr(at, size) + '.';
            at += size;
        }
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
            return static_cast<char>(std::tolower(c));
        });
        type = number_at(message, at);
        end = at + 4;
        static_cast<void>(message.at(end - 1));
    }
};

/// A small name server: it knows tiny.test.
class TinyDns final : public protohost::DatagramProtocol {
public:
    void connection_made(protohost::DatagramTransport transport) override {
        transport_ = transport;
    }
    void datagram_received(protohost::Bytes data, const protohost::Address& addr) override {
        const std::string message(protohost::as_text(data));
        constexpr std::size_t header = 12;
        if (message.size() < header || (message[2] & '\x80') != 0) return;  // no query
        try {
            const Question question(message);
            const std::string record = question.name == "tiny.test." ? record_of(question) : "";
            const Code code = question.name == "tiny.test." ? no_error : no_such_name;
            transport_.sendto(head(message, code, true, !record.empty()) +
                                  message.substr(header, question.end - header) + record,
                              addr);
        } catch (const std::out_of_range&) {
            transport_.sendto(head(message, format_error, false, false), addr);
        }
    }

private:
    static std::string head(const std::string& query, Code code, bool question, bool answer) {
        std::string head = query.substr(0, 2);
        head += static_cast<char>(0x84 | (query[2] & 1));  // an answer with authority; RD as asked
        head += static_cast<char>(code);
        for (const bool counted : {question, answer, false, false}) {
            head += {'\0', static_cast<char>(counted)};
        }
        return head;
    }

    static std::string record_of(const Question& question) {
        std::string data;
        if (question.type == a) data = "\xC0\x00\x02\x07"sv;  // 192.0.2.7
        if (question.type == txt) data = "\x12spoken by a plugin"sv;
        if (data.empty()) return {};
        std::string record("\xC0\x0C"sv);  // the name, where the question has it
        record += {'\0', static_cast<char>(question.type)};
        record += "\0\1\0\0\0\x3C\0"sv;  // of the Internet, for a minute
        return record + static_cast<char>(data.size()) + data;
    }

    protohost::DatagramTransport transport_;
};

}  // namespace

PROTOHOST_PLUGIN("tiny_dns", "1.0", protohost::factory<TinyDns>("tiny_dns", "knows tiny.test"));
