#include "version.h"

#include <ctype.h>
#include <string.h>

/* Compares a number of either at its place, of any length; goes past it and its dot. */
static int compare_number(const char **a, const char **b)
{
    while (**a == '0') ++*a;
    while (**b == '0') ++*b;
    size_t length_a = strspn(*a, "0123456789"), length_b = strspn(*b, "0123456789");
    int order = length_a != length_b ? (length_a < length_b ? -1 : 1) : memcmp(*a, *b, length_a);
    *a += length_a;
    *b += length_b;
    if (**a == '.') ++*a;
    if (**b == '.') ++*b;
    return order;
}

int molt__version_compare(const char *a, const char *b)
{
    while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
        int order = compare_number(&a, &b);
        if (order) return order;
    }
    if (!*a || !*b) return (*b != '\0') - (*a != '\0');
    return strcmp(a, b);
}
