#include "store/sealing.hpp"

#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace hyperline::store {

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kHeaderBytes = 1 + kKeyIdBytes;
constexpr std::size_t kLeastBytes = kHeaderBytes + kNonceBytes + kTagBytes;

[[noreturn]] void fail(const char *doing) {
	throw Error(sqlstate::kInternalError, std::string("OpenSSL could not ") + doing);
}

void require(int result, const char *doing) {
	if (result != 1) {
		fail(doing);
	}
}

struct FreeContext {
	void operator()(EVP_CIPHER_CTX *context) const noexcept { EVP_CIPHER_CTX_free(context); } // wipes it
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char *bytes_of(std::string_view text) {
	return reinterpret_cast<const unsigned char *>(text.data());
}

unsigned char *bytes_of(std::string &text) {
	return reinterpret_cast<unsigned char *>(text.data());
}

int hex_digit(char c) noexcept {
	return c >= '0' && c <= '9'	  ? c - '0'
		   : c >= 'a' && c <= 'f' ? c - 'a' + 10
		   : c >= 'A' && c <= 'F' ? c - 'A' + 10
								  : -1;
}

// Feeds what is authenticated and not sealed: the header and the place.
template <typename Update>
void associate(EVP_CIPHER_CTX *context, Update update, std::string_view header, std::string_view place) {
	int length = 0;
	require(update(context, nullptr, &length, bytes_of(header), static_cast<int>(header.size())), "authenticate");
	require(update(context, nullptr, &length, bytes_of(place), static_cast<int>(place.size())), "authenticate");
}

Error damaged() {
	return Error(sqlstate::kDataCorrupted, "the sealed password was altered, or is not the one of this connection", {},
				 "Give the whole url again with hyperline.alter_connection().");
}

} // namespace

Key::Key(std::string_view text) {
	const auto refuse = []() {
		throw Error(sqlstate::kConfigFileError, "the key is not 64 hexadecimal digits", {},
					"Make one with: openssl rand -hex 32");
	};
	if (text.size() != 2 * kKeyBytes) {
		refuse();
	}
	for (std::size_t i = 0; i < kKeyBytes; i++) {
		const int high = hex_digit(text[2 * i]);
		const int low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0) {
			OPENSSL_cleanse(bytes_.data(), bytes_.size());
			refuse();
		}
		bytes_[i] = static_cast<unsigned char>(high * 16 + low);
	}
	constexpr std::string_view kPurpose = "hyperline_connector key id 1";
	std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
	if (HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()), bytes_of(kPurpose), kPurpose.size(),
			 digest.data(), nullptr) == nullptr) {
		OPENSSL_cleanse(bytes_.data(), bytes_.size());
		fail("compute a key's id");
	}
	id_.assign(reinterpret_cast<const char *>(digest.data()), kKeyIdBytes);
}

Key::~Key() {
	OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

std::string to_hex(std::string_view bytes) {
	constexpr std::string_view kDigits = "0123456789abcdef";
	std::string digits;
	digits.reserve(2 * bytes.size());
	for (const char byte : bytes) {
		digits += kDigits[static_cast<unsigned char>(byte) >> 4U];
		digits += kDigits[static_cast<unsigned char>(byte) & 0xFU];
	}
	return digits;
}

std::string from_hex(std::string_view digits) {
	std::string bytes;
	bytes.reserve(digits.size() / 2);
	for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
		bytes += static_cast<char>(hex_digit(digits[i]) * 16 + hex_digit(digits[i + 1]));
	}
	return bytes;
}

pg::Secret Key::make_text() {
	pg::Secret random(std::string(kKeyBytes, '\0'));
	require(RAND_bytes(bytes_of(random.text()), static_cast<int>(kKeyBytes)), "make a random key");
	return pg::Secret(to_hex(random.text()));
}

std::string seal(const Key &key, std::string_view secret, std::string_view place) {
	std::string sealed(1, kVersion);
	sealed += key.id();
	sealed.resize(kLeastBytes + secret.size());
	unsigned char *nonce = bytes_of(sealed) + kHeaderBytes;
	unsigned char *body = nonce + kNonceBytes;
	require(RAND_bytes(nonce, static_cast<int>(kNonceBytes)), "make a random nonce");
	const Context context(EVP_CIPHER_CTX_new());
	if (!context) {
		fail("begin to seal");
	}
	require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes(), nonce), "begin to seal");
	associate(context.get(), EVP_EncryptUpdate, std::string_view(sealed).substr(0, kHeaderBytes), place);
	int length = 0;
	int rest = 0;
	require(EVP_EncryptUpdate(context.get(), body, &length, bytes_of(secret), static_cast<int>(secret.size())), "seal");
	require(EVP_EncryptFinal_ex(context.get(), body + length, &rest), "seal");
	if (length + rest != static_cast<int>(secret.size())) {
		fail("seal");
	}
	require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(kTagBytes), body + length + rest),
			"seal");
	return sealed;
}

std::string key_id_of(std::string_view sealed) {
	if (sealed.size() < kLeastBytes || sealed.front() != kVersion) {
		throw damaged();
	}
	return std::string(sealed.substr(1, kKeyIdBytes));
}

pg::Secret open(const Key &key, std::string_view sealed, std::string_view place) {
	if (key_id_of(sealed) != key.id()) {
		throw damaged();
	}
	const std::string_view body = sealed.substr(kHeaderBytes + kNonceBytes, sealed.size() - kLeastBytes);
	std::string tag(sealed.substr(sealed.size() - kTagBytes));
	const Context context(EVP_CIPHER_CTX_new());
	if (!context) {
		fail("begin to open");
	}
	require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes(), bytes_of(sealed) + kHeaderBytes),
			"begin to open");
	associate(context.get(), EVP_DecryptUpdate, sealed.substr(0, kHeaderBytes), place);
	pg::Secret secret(std::string(body.size(), '\0'));
	int length = 0;
	int rest = 0;
	require(EVP_DecryptUpdate(context.get(), bytes_of(secret.text()), &length, bytes_of(body),
							  static_cast<int>(body.size())),
			"open");
	require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(kTagBytes), tag.data()), "open");
	// Nothing of what was decrypted is used unless the tag is right.
	if (EVP_DecryptFinal_ex(context.get(), bytes_of(secret.text()) + length, &rest) != 1) {
		throw damaged();
	}
	return secret;
}

} // namespace hyperline::store
