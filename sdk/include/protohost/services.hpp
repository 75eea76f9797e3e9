// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <protohost/detail/opening.hpp>
#include <protohost/detail/process.hpp>
#include <protohost/loop.hpp>
#include <protohost/protocol.hpp>
#include <protohost/server.hpp>
#include <protohost/transport.hpp>

// The event loop's services: see loop.hpp for what each of them promises.

namespace protohost {

template <class Factory, class Done>
Handle Loop::create_connection(Factory protocol_factory,
                               std::string_view host,
                               std::uint16_t port,
                               const ConnectionOptions& options,
                               Done done) {
    detail::Place place{detail::address_of("tcp", host, port),
                        {},
                        -1,
                        options.timeout,
                        options.ssl,
                        options.server_hostname};
    if (!options.local_addr.empty()) place.local = std::string("tcp://").append(options.local_addr);
    return detail::open<Transport, ph_transport>(
        context_,
        detail::Service{"create_connection", context_.host->loop->create_connection},
        place,
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_connection(Factory protocol_factory, Sock sock, Done done) {
    return detail::open<Transport, ph_transport>(
        context_,
        detail::Service{"create_connection", context_.host->loop->create_connection},
        {{}, {}, sock.descriptor},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_unix_connection(Factory protocol_factory,
                                    std::string_view path,
                                    const ConnectionOptions& options,
                                    Done done) {
    detail::Place place{detail::unix_address_of("unix", path),
                        {},
                        -1,
                        options.timeout,
                        options.ssl,
                        options.server_hostname};
    if (!options.local_addr.empty()) {
        place.local = detail::unix_address_of("unix", options.local_addr);
    }
    return detail::open<Transport, ph_transport>(
        context_,
        detail::Service{"create_unix_connection", context_.host->loop->create_unix_connection},
        place,
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_unix_connection(Factory protocol_factory, Sock sock, Done done) {
    return detail::open<Transport, ph_transport>(
        context_,
        detail::Service{"create_unix_connection", context_.host->loop->create_unix_connection},
        {{}, {}, sock.descriptor},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::connect_accepted_socket(Factory protocol_factory, Sock sock, Done done) {
    return detail::open<Transport, ph_transport>(
        context_,
        detail::Service{"connect_accepted_socket", context_.host->loop->connect_accepted_socket},
        {{}, {}, sock.descriptor},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_server(Factory protocol_factory,
                           std::string_view host,
                           std::uint16_t port,
                           Done done) {
    return detail::open<Server, ph_server>(
        context_,
        detail::Service{"create_server", context_.host->loop->create_server},
        {detail::address_of("tcp", host, port)},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_server(Factory protocol_factory, Sock sock, Done done) {
    return detail::open<Server, ph_server>(
        context_,
        detail::Service{"create_server", context_.host->loop->create_server},
        {{}, {}, sock.descriptor},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_server(Factory protocol_factory,
                           std::string_view host,
                           std::uint16_t port,
                           const ServerOptions& options,
                           Done done) {
    detail::Place place{detail::address_of("tcp", host, port)};
    place.tls = options.ssl;
    return detail::open<Server, ph_server>(
        context_,
        detail::Service{"create_server", context_.host->loop->create_server},
        place,
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_unix_server(Factory protocol_factory, std::string_view path, Done done) {
    return detail::open<Server, ph_server>(
        context_,
        detail::Service{"create_unix_server", context_.host->loop->create_unix_server},
        {detail::unix_address_of("unix", path)},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_unix_server(Factory protocol_factory, Sock sock, Done done) {
    return detail::open<Server, ph_server>(
        context_,
        detail::Service{"create_unix_server", context_.host->loop->create_unix_server},
        {{}, {}, sock.descriptor},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::create_datagram_endpoint(Factory protocol_factory,
                                      const DatagramOptions& options,
                                      Done done) {
    return detail::open<DatagramTransport, ph_transport>(
        context_,
        detail::Service{"create_datagram_endpoint", context_.host->loop->create_datagram_endpoint},
        {detail::datagram_address_of(options.remote_addr),
         detail::datagram_address_of(options.local_addr),
         options.sock},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::connect_read_pipe(Factory protocol_factory, int pipe, Done done) {
    return detail::open<ReadTransport, ph_transport>(
        context_,
        detail::Service{"connect_read_pipe", context_.host->loop->connect_read_pipe},
        {{}, {}, pipe},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::connect_write_pipe(Factory protocol_factory, int pipe, Done done) {
    return detail::open<WriteTransport, ph_transport>(
        context_,
        detail::Service{"connect_write_pipe", context_.host->loop->connect_write_pipe},
        {{}, {}, pipe},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::subprocess_exec(Factory protocol_factory,
                             const std::vector<std::string>& args,
                             const SubprocessOptions& options,
                             Done done) {
    const detail::ProcessDescription process(args, options);
    const auto begin = [&](ph_ctx* ctx, const ph_open* open, ph_opened opened) {
        return context_.host->loop->subprocess_exec(ctx, open, process.get(), opened);
    };
    return detail::open<SubprocessTransport, ph_transport>(
        context_,
        detail::Service{"subprocess_exec", begin},
        {},
        std::move(protocol_factory),
        std::move(done));
}

template <class Factory, class Done>
Handle Loop::subprocess_shell(Factory protocol_factory,
                              const std::string& cmd,
                              const SubprocessOptions& options,
                              Done done) {
    const detail::ProcessDescription process(std::span(&cmd, 1), options);
    const auto begin = [&](ph_ctx* ctx, const ph_open* open, ph_opened opened) {
        return context_.host->loop->subprocess_shell(ctx, open, process.get(), opened);
    };
    return detail::open<SubprocessTransport, ph_transport>(
        context_,
        detail::Service{"subprocess_shell", begin},
        {},
        std::move(protocol_factory),
        std::move(done));
}

template <class Done>
Handle Loop::sendfile(const BaseTransport& transport,
                      int file,
                      std::uint64_t offset,
                      std::optional<std::uint64_t> count,
                      Done done) {
    struct Completion {
        detail::Context context;
        Done done;

        static void sent(void* self, const ph_error* why, std::uint64_t bytes) noexcept {
            const std::unique_ptr<Completion> completion(static_cast<Completion*>(self));
            detail::logging_what_it_throws(completion->context, [&] {
                if (why == nullptr) return completion->done(nullptr, bytes);
                const Error error{why->code, why->os_errno, detail::from_abi(why->msg)};
                completion->done(&error, bytes);
            });
        }
    };
    std::unique_ptr<Completion> completion(new Completion{context_, std::move(done)});
    const ph_op op =
        context_.host->loop->sendfile(context_.ctx,
                                      transport.handle(),
                                      file,
                                      offset,
                                      count.value_or(std::numeric_limits<std::uint64_t>::max()),
                                      Completion::sent,
                                      completion.get());
    if (op != 0) static_cast<void>(completion.release());
    return {context_, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
}

template <class Done>
Handle Loop::start_tls(const BaseTransport& transport, const TlsOptions& options, Done done) {
    if (options.ssl_handshake_timeout.count() < 0) {
        throw std::invalid_argument("start_tls(): the timeout is negative");
    }
    struct Completion {
        detail::Context context;
        Done done;

        static void started(void* self, const ph_error* why, ph_transport* handle) noexcept {
            const std::unique_ptr<Completion> completion(static_cast<Completion*>(self));
            detail::logging_what_it_throws(completion->context, [&] {
                if (why == nullptr) {
                    return completion->tell(nullptr, Transport(completion->context, handle));
                }
                const Error error{why->code, why->os_errno, detail::from_abi(why->msg)};
                completion->tell(&error, Transport());
            });
        }
        void tell(const Error* exc, Transport transport) {
            if constexpr (std::is_same_v<Done, detail::LogFailure>) {
                static_cast<void>(transport);
                if (exc == nullptr || exc->status == PH_E_CANCELLED) return;
                context.log_error(std::string("start_tls: ").append(exc->message));
            } else {
                done(exc, transport);
            }
        }
    };
    std::unique_ptr<Completion> completion(new Completion{context_, std::move(done)});
    ph_tls_start start{};
    start.size = sizeof start;
    start.role = options.server_side ? PH_TLS_SERVER : PH_TLS_CLIENT;
    start.server_name = detail::to_abi(options.server_hostname);
    start.received = {options.received.data(), options.received.size()};
    start.timeout = static_cast<std::uint64_t>(options.ssl_handshake_timeout.count());
    const ph_op op = context_.host->loop->start_tls(
        context_.ctx, transport.handle(), &start, Completion::started, completion.get());
    if (op != 0) static_cast<void>(completion.release());
    return {context_, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
}

template <class Work, class Done>
Handle Loop::run_in_executor(Work work, Done done) {
    using Result = std::invoke_result_t<Work&>;
    struct Job {
        detail::Context context;
        std::optional<std::packaged_task<Result()>> task;
        std::future<Result> result;
        Done done;

        static void run(void* self) noexcept { (*static_cast<Job*>(self)->task)(); }
        static void finished(void* self) noexcept {
            const std::unique_ptr<Job> job(static_cast<Job*>(self));
            // One that never began breaks its promise here, which is what its future says.
            job->task.reset();
            detail::logging_what_it_throws(job->context,
                                           [&] { job->done(std::move(job->result)); });
        }
    };
    std::packaged_task<Result()> task(std::move(work));
    auto result = task.get_future();
    std::unique_ptr<Job> job(
        new Job{context_, std::move(task), std::move(result), std::move(done)});
    const ph_op op =
        context_.host->loop->run_in_executor(context_.ctx, Job::run, Job::finished, job.get());
    if (op != 0) static_cast<void>(job.release());
    return {context_, op};  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)
}

}  // namespace protohost
