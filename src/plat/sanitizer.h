/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LAB_PLAT_SANITIZER_H
#define LAB_PLAT_SANITIZER_H

/* Which sanitizer this build has: clang tells by feature, gcc by macro. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define LAB_SANITIZER_ADDRESS 1
#else
#define LAB_SANITIZER_ADDRESS 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define LAB_SANITIZER_THREAD 1
#else
#define LAB_SANITIZER_THREAD 0
#endif

/* A function that a sanitizer's runtime calls, and which must not call it back. */
#ifdef __clang__
#define LAB_NO_INSTRUMENTATION __attribute__((disable_sanitizer_instrumentation))
#else
#define LAB_NO_INSTRUMENTATION __attribute__((no_sanitize_thread, no_sanitize_address))
#endif

/* What runs or does not by what ran earlier in the process: a fuzzer would take it for a way of its input's. */
#ifdef __clang__
#define LAB_NO_COVERAGE __attribute__((no_sanitize("coverage")))
#else
#define LAB_NO_COVERAGE
#endif

#define LAB_SANITIZER_ANY (LAB_SANITIZER_ADDRESS || LAB_SANITIZER_THREAD)

#endif
