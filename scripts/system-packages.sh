#!/bin/sh
# system-packages.sh run|test…: installs the system packages that are missing where it may;
# otherwise prints the one command to type. Quick when nothing is missing. It never fails: without
# Pango everything but PDFs works, and the tests say themselves what they miss.
set -u

debian='' fedora='' brew=''

need() { # need DEBIAN FEDORA BREW
    debian="$debian $1"
    fedora="$fedora $2"
    brew="$brew $3"
}

has_library() {
    if [ "$(uname)" = Darwin ]; then
        ls /opt/homebrew/lib/"$2"*.dylib /usr/local/lib/"$2"*.dylib >/dev/null 2>&1
    else
        { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -q "$1"
    fi
}

has_command() {
    for name in "$@"; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

has_postgresql() {
    has_command initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

has_fonts() { # pages are measured with real letters
    [ "$(uname)" = Darwin ] || ls /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf /usr/share/fonts/google-noto*/NotoSans-Regular* 2>/dev/null | grep -q .
}

for purpose in "$@"; do
    case $purpose in
    run)
        has_library libpango-1.0.so libpango-1.0 || need libpango-1.0-0 pango pango
        has_library libpangoft2-1.0.so libpangoft2-1.0 || need libpangoft2-1.0-0 pango pango
        has_library libharfbuzz-subset.so libharfbuzz-subset || need libharfbuzz-subset0 harfbuzz harfbuzz
        ;;
    test)
        has_command chromium chromium-browser google-chrome || need chromium chromium chromium
        has_fonts || need fonts-noto-core google-noto-sans-fonts --cask\ font-noto-sans
        has_command pdftotext || need poppler-utils poppler-utils poppler
        has_postgresql || need postgresql postgresql-server postgresql
        has_command pg_dump || ls /usr/lib/postgresql/*/bin/pg_dump >/dev/null 2>&1 || need postgresql-client postgresql postgresql # copies
        has_command redis-server redis-check-rdb valkey-server || need redis-tools redis redis # Debian's tools have the server, without a service
        ;;
    esac
done

[ -z "$debian" ] && exit 0

if has_command apt-get && [ "$(id -u)" = 0 ]; then
    echo "Installing system packages:$debian"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $debian >/dev/null && exit 0
fi

echo "Missing system packages. Type this one command and start again:"
if [ "$(uname)" = Darwin ]; then
    echo "  brew install$brew"
elif has_command dnf; then
    echo "  sudo dnf install$fedora"
else
    echo "  sudo apt-get install --no-install-recommends$debian"
fi
exit 0
