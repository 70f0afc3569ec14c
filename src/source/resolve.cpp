#include "source/resolve.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <netinet/in.h>
#include <sys/time.h>

#include <ares.h>

#include "pg/failure.hpp"

namespace hyperline::source {

namespace {

constexpr const char *kServersHint =
	"Check the network and the name servers of this server (hyperline_connector.name_servers, /etc/resolv.conf), or "
	"write the address into the url.";

struct DestroyChannel {
	void operator()(ares_channel channel) const noexcept { ares_destroy(channel); }
};
struct FreeAddresses {
	void operator()(ares_addrinfo *addresses) const noexcept { ares_freeaddrinfo(addresses); }
};

// One question. It must not move: c-ares knows where it is, and calls back when its channel is destroyed too.
class Question {
public:
	explicit Question(const std::string &name_servers);
	Question(const Question &) = delete;
	Question &operator=(const Question &) = delete;
	~Question() = default;

	// False: nobody answered before the deadline.
	bool ask(const std::string &name, pg::Deadline deadline);
	[[nodiscard]] int status() const noexcept { return status_; }
	[[nodiscard]] std::vector<IpAddress> addresses() const;

private:
	static void note_socket(void *self, ares_socket_t descriptor, int readable, int writable) noexcept;
	static void note_answer(void *self, int status, int timeouts, ares_addrinfo *addresses) noexcept;
	void process(pg::Woken woken);

	pg::ExternalFd descriptor_;
	std::vector<pg::Socket> sockets_; // of fixed capacity: nothing may be thrown over frames of C
	std::unique_ptr<ares_addrinfo, FreeAddresses> addresses_;
	int status_ = ARES_ECANCELLED;
	bool is_answered_ = false;
	std::unique_ptr<std::remove_pointer_t<ares_channel>, DestroyChannel> channel_; // the last member: the first to go
};

Question::Question(const std::string &name_servers) {
	sockets_.reserve(pg::kMostSockets);
	ares_options options{};
	options.sock_state_cb = note_socket;
	options.sock_state_cb_data = this;
	ares_channel channel = nullptr;
	int code = ares_init_options(&channel, &options, ARES_OPT_SOCK_STATE_CB);
	channel_.reset(channel);
	if (code == ARES_SUCCESS && !name_servers.empty()) {
		code = ares_set_servers_ports_csv(channel, name_servers.c_str());
	}
	if (code != ARES_SUCCESS) {
		throw Error(code == ARES_ENOMEM ? "53200" : sqlstate::kUnableToConnect,
					std::string("could not prepare to look up a host: ") + ares_strerror(code), {}, kServersHint);
	}
}

void Question::note_socket(void *self, ares_socket_t descriptor, int readable, int writable) noexcept {
	auto &sockets = static_cast<Question *>(self)->sockets_;
	const auto known = std::find_if(sockets.begin(), sockets.end(),
									[=](const pg::Socket &socket) { return socket.descriptor == descriptor; });
	if (readable == 0 && writable == 0) {
		if (known != sockets.end()) {
			sockets.erase(known);
		}
	} else if (known != sockets.end()) {
		known->readable = readable != 0;
		known->writable = writable != 0;
	} else if (sockets.size() < sockets.capacity()) { // else that name server is as one that does not answer
		sockets.push_back(pg::Socket{descriptor, readable != 0, writable != 0});
	}
}

void Question::note_answer(void *self, int status, int /*timeouts*/, ares_addrinfo *addresses) noexcept {
	auto *question = static_cast<Question *>(self);
	question->addresses_.reset(addresses);
	question->status_ = status;
	question->is_answered_ = true;
}

void Question::process(pg::Woken woken) {
	if (woken != pg::Woken::socket) {
		ares_process_fd(channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD); // what has waited too long
		return;
	}
	const std::vector<pg::Socket> ready = sockets_; // processing changes the list
	for (const pg::Socket &socket : ready) {
		if (socket.is_readable || socket.is_writable) {
			ares_process_fd(channel_.get(), socket.is_readable ? socket.descriptor : ARES_SOCKET_BAD,
							socket.is_writable ? socket.descriptor : ARES_SOCKET_BAD);
		}
	}
}

bool Question::ask(const std::string &name, pg::Deadline deadline) {
	ares_addrinfo_hints hints{};
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	ares_getaddrinfo(channel_.get(), name.c_str(), nullptr, &hints, note_answer, this);
	while (!is_answered_) {
		timeval most{3600, 0};
		timeval next{};
		const timeval *own = ares_timeout(channel_.get(), &most, &next);
		const pg::Deadline until =
			std::min(deadline, std::chrono::steady_clock::now() + std::chrono::seconds(own->tv_sec) +
								   std::chrono::microseconds(own->tv_usec));
		process(pg::wait(sockets_, until));
		if (!is_answered_ && std::chrono::steady_clock::now() >= deadline) {
			return false;
		}
	}
	return true;
}

std::vector<IpAddress> Question::addresses() const {
	std::vector<IpAddress> found;
	if (status_ != ARES_SUCCESS || !addresses_) {
		return found;
	}
	for (const ares_addrinfo_node *node = addresses_->nodes; node != nullptr; node = node->ai_next) {
		IpAddress address;
		if (node->ai_family == AF_INET && node->ai_addrlen >= static_cast<ares_socklen_t>(sizeof(sockaddr_in))) {
			sockaddr_in ipv4{};
			std::memcpy(&ipv4, node->ai_addr, sizeof(ipv4));
			Ipv4Address bytes{};
			std::memcpy(bytes.data(), &ipv4.sin_addr, bytes.size());
			address = IpAddress(bytes);
		} else if (node->ai_family == AF_INET6 &&
				   node->ai_addrlen >= static_cast<ares_socklen_t>(sizeof(sockaddr_in6))) {
			sockaddr_in6 ipv6{};
			std::memcpy(&ipv6, node->ai_addr, sizeof(ipv6));
			Ipv6Address bytes{};
			std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
			address = IpAddress(bytes);
		} else {
			continue;
		}
		if (std::find(found.begin(), found.end(), address) == found.end()) {
			found.push_back(address);
		}
	}
	return found;
}

ResolveFailure why(int status, const std::string &name) {
	const std::string host = "The host \"" + name + "\" ";
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME || status == ARES_SUCCESS) {
		return {
			host + (status == ARES_ENOTFOUND ? "does not exist." : "has no address."),
			"Check how the host is written in the url; it is looked up in /etc/hosts and by the name servers of this "
			"server."};
	}
	return {host + "could not be looked up: " + ares_strerror(status) + ".", kServersHint};
}

} // namespace

std::vector<IpAddress> resolve(const std::string &name, const std::string &name_servers, pg::Deadline deadline,
							   ResolveFailure &failure) {
	Question question(name_servers);
	if (!question.ask(name, deadline)) {
		failure = {"No name server told the address of \"" + name + "\" in time.", kServersHint};
		return {};
	}
	std::vector<IpAddress> addresses = question.addresses();
	if (addresses.empty()) {
		failure = why(question.status(), name);
	}
	return addresses;
}

} // namespace hyperline::source
