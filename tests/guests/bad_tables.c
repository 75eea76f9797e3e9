/* SPDX-License-Identifier: MIT */
#define GUEST_NAME "bad_tables"
#include "guest.h"

static const ph_option options[] = {
    {TEXT("patience"), PH_OPTION_DURATION, 0, TEXT("soon"), TEXT("")},
    {TEXT("limit"), 99, 0, TEXT(""), TEXT("")},
    {TEXT("limit"), PH_OPTION_SIZE, 0x80, TEXT(""), TEXT("")},
    {TEXT(""), PH_OPTION_SIZE, 0, TEXT(""), TEXT("")},
    {TEXT("both"), PH_OPTION_SIZE, PH_OPTION_REQUIRED, TEXT("1"), TEXT("")},
};
static const ph_factory with_options = {.size = sizeof(ph_factory),
                                        .kind = PH_STREAM,
                                        .name = TEXT("options"),
                                        .options = options,
                                        .option_count = 5,
                                        .configure = guest_configure,
                                        .make_protocol = guest_make_protocol};
static const ph_factory empty = {.size = sizeof(ph_factory), .kind = 77, .name = TEXT("no name")};
static const ph_factory ok = {.size = sizeof(ph_factory),
                              .kind = PH_STREAM,
                              .name = TEXT("ok"),
                              .configure = guest_configure,
                              .make_protocol = guest_make_protocol};
static const ph_factory tiny = {.size = 4};
static const ph_factory endless = {.size = sizeof(ph_factory),
                                   .kind = PH_STREAM,
                                   .name = TEXT("endless"),
                                   .option_count = (size_t)-1,
                                   .configure = guest_configure,
                                   .make_protocol = guest_make_protocol};
static const ph_factory* const factories[] = {
    &with_options, &empty, &ok, &ok, &tiny, NULL, &endless};
static const ph_plugin plugin = {.size = sizeof(ph_plugin),
                                 .name = TEXT(GUEST_NAME),
                                 .version = TEXT("1.0"),
                                 .factories = factories,
                                 .factory_count = 7};

#undef GUEST_ENTRY
#define GUEST_ENTRY(host) ((void)(host), (void)&guest_plugin, &plugin)
GUEST_PLUGIN();
