// SPDX-License-Identifier: MIT
#include "daemon/control/message.hpp"

#include <utility>

#include "daemon/base/format.hpp"

namespace protohost::control {

using base::Json;

std::string_view to_string(Code code) {
    switch (code) {
        case Code::bad_request:
            return "bad_request";
        case Code::unknown_verb:
            return "unknown_verb";
        case Code::denied:
            return "denied";
        case Code::not_found:
            return "not_found";
        case Code::rejected:
            return "rejected";
        case Code::busy:
            return "busy";
        case Code::failed:
            break;
    }
    return "failed";
}

base::Result<Request> parse_request(std::string_view line) {
    const Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object()) return base::failure("", "a request is one JSON object on one line");
    const auto version = parsed.find("version");
    if (version == parsed.end() || *version != protocol_version) {
        return base::failure("",
                             "this daemon speaks version 1 of the control protocol",
                             "use the protohostctl that belongs to it");
    }
    const auto verb = parsed.find("verb");
    if (verb == parsed.end() || !verb->is_string()) return base::failure("", "no verb");
    Request request{verb->get<std::string>(), Json::object()};
    if (const auto arguments = parsed.find("arguments"); arguments != parsed.end()) {
        if (!arguments->is_object()) return base::failure("", "arguments must be an object");
        request.arguments = *arguments;
    }
    return request;
}

namespace {

std::string line_of(const char* key, Json value) {
    Json answer;
    answer["version"] = protocol_version;
    answer[key] = std::move(value);
    // What peers and plugins call themselves need not be UTF-8.
    return answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string result_line(Json result) {
    return line_of("result", std::move(result));
}

std::string result_line_of_text(std::string_view result) {
    return base::format("{{\"version\":{},\"result\":{}}}\n", protocol_version, result);
}

std::string error_line(Code code, const std::string& message, const base::Errors& errors) {
    Json error;
    error["code"] = to_string(code);
    error["message"] = message;
    if (!errors.empty()) error["errors"] = to_json(errors);
    return line_of("error", std::move(error));
}

Json to_json(const base::Errors& errors) {
    Json list = Json::array();
    for (const base::Error& error : errors) {
        list.push_back({{"where", error.where}, {"what", error.what}, {"hint", error.hint}});
    }
    return list;
}

}  // namespace protohost::control
